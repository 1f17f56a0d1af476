/* The steps of a trace, and the six columns that encode.py describes, byte for byte as its steps_text writes them. */

#include "trace.h"

Py_ssize_t steps_add(Steps *steps, char event, int frame, int line, Py_ssize_t value_at)
{
    if (grow((void **)&steps->steps, &steps->room, steps->count + 1, sizeof *steps->steps) < 0)
        return -1;
    Step *step = &steps->steps[steps->count];
    *step = (Step){event, frame, line, value_at, steps->arena.size - value_at, 0, 0, -1, -1};
    return steps->count++;
}

int steps_change(Steps *steps, Py_ssize_t number, Py_ssize_t at)
{
    Step *step = &steps->steps[number];
    Py_ssize_t fresh = steps->segment_count;
    if (grow((void **)&steps->segments, &steps->segment_room, fresh + 1, sizeof *steps->segments) < 0)
        return -1;
    steps->segments[fresh] = (Segment){at, steps->arena.size - at, -1};
    if (step->first < 0)
        step->first = fresh;
    else
        steps->segments[step->last].next = fresh;
    step->last = fresh;
    steps->segment_count++;
    return 0;
}

static int add_changes(Text *text, const Steps *steps, const Step *step)
{
    if (text_add(text, "{", 1) < 0)
        return -1;
    for (Py_ssize_t place = step->first; place >= 0; place = steps->segments[place].next) {
        const Segment *segment = &steps->segments[place];
        if (place != step->first && text_add(text, ", ", 2) < 0)
            return -1;
        if (text_add(text, steps->arena.data + segment->at, segment->size) < 0)
            return -1;
    }
    return text_add(text, "}", 1);
}

enum { FRAMES, LINES, VALUES, CHANGES, REMOVED };

static int add_item(Text *text, const Steps *steps, Py_ssize_t number, int column)
{
    const Step *step = &steps->steps[number];
    const char *arena = steps->arena.data;
    switch (column) {
    case FRAMES:
        return text_int(text, step->frame);
    case LINES:
        return text_int(text, step->line);
    case VALUES:
        return text_add(text, arena + step->value_at, step->value_size);
    case CHANGES:
        return add_changes(text, steps, step);
    default:
        return text_add(text, "[", 1) < 0 || text_int(text, number) < 0 || text_add(text, ", [", 3) < 0 ||
                       text_add(text, arena + step->removed_at, step->removed_size) < 0
                   ? -1
                   : text_add(text, "]]", 2);
    }
}

static int add_column(Text *text, const Steps *steps, int column)
{
    bool first = true;
    for (Py_ssize_t number = 0; number < steps->count; number++) {
        const Step *step = &steps->steps[number];
        if ((column == VALUES && step->event == 'l') || (column == REMOVED && step->removed_size == 0))
            continue;
        if (text_add(text, first ? ", [" : ", ", first ? 3 : 2) < 0 || add_item(text, steps, number, column) < 0)
            return -1;
        first = false;
    }
    return first ? text_add(text, ", []", 4) : text_add(text, "]", 1);
}

int steps_text(Text *text, const Steps *steps)
{
    if (steps->count == 0)
        return text_add(text, "[]", 2);
    int done = text_add(text, "[\"", 2);
    for (Py_ssize_t number = 0; done == 0 && number < steps->count; number++)
        done = text_add(text, &steps->steps[number].event, 1);
    if (done == 0)
        done = text_add(text, "\"", 1);
    for (int column = FRAMES; done == 0 && column <= REMOVED; column++)
        done = add_column(text, steps, column);
    return done == 0 ? text_add(text, "]", 1) : -1;
}

void steps_free(Steps *steps)
{
    PyMem_Free(steps->steps);
    PyMem_Free(steps->segments);
    text_free(&steps->arena);
    memset(steps, 0, sizeof *steps);
}
