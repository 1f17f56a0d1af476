/* What is known of the locals of a frame, and what is different at its next event. */

#include "trace.h"

/* Append the text of a value to the scratch, and give its size in characters; -1 where an exception is set. */
Py_ssize_t write_text(Tracer *tracer, PyObject *value)
{
    Text *scratch = &tracer->scratch;
    scratch->size = 0;
    int done = write_literal(scratch, value, tracer->value_chars);
    if (done == 0) {
        PyObject *text = PyObject_CallFunction(describe, "On", value, tracer->value_chars);
        if (text == NULL)
            return -1;
        done = text_unicode(scratch, text);
        Py_DECREF(text);
    }
    return done < 0 ? -1 : text_characters(scratch->data, scratch->size);
}

static void drop_items(Known *known)
{
    for (Py_ssize_t place = 0; place < known->count; place++)
        Py_DECREF(known->items[place]);
    PyMem_Free(known->items);
    known->items = NULL;
    known->count = 0;
}

void drop_known(Known *known)
{
    drop_items(known);
    PyMem_Free(known->text);
    Py_CLEAR(known->value);
    Py_CLEAR(known->name);
}

static Py_ssize_t container_size(PyObject *value)
{
    if (PyList_CheckExact(value) || PyTuple_CheckExact(value))
        return Py_SIZE(value);
    return PyDict_CheckExact(value) ? 2 * PyDict_GET_SIZE(value) : -1;
}

/* Call `each` with the items of a list, a tuple or a dict; stops at the first 0. */
static bool all_items(PyObject *value, bool (*each)(PyObject *item, Py_ssize_t place, Known *known), Known *known)
{
    PyObject *key, *item;
    Py_ssize_t place = 0, number = 0;
    if (PyDict_CheckExact(value)) {
        while (PyDict_Next(value, &place, &key, &item)) {
            if (!each(key, number, known) || !each(item, number + 1, known))
                return false;
            number += 2;
        }
        return true;
    }
    for (; place < Py_SIZE(value); place++)
        if (!each(PyList_CheckExact(value) ? PyList_GET_ITEM(value, place) : PyTuple_GET_ITEM(value, place), place, known))
            return false;
    return true;
}

static bool item_is_atom(PyObject *item, Py_ssize_t Py_UNUSED(place), Known *Py_UNUSED(known))
{
    return is_atom(item);
}

static bool item_is_kept(PyObject *item, Py_ssize_t place, Known *known)
{
    known->items[place] = Py_NewRef(item);
    known->count = place + 1;
    return true;
}

static bool item_is_same(PyObject *item, Py_ssize_t place, Known *known)
{
    return known->items[place] == item;
}

/* Whether the very same value is there, and, where it can change, holds the very same atoms. */
static bool is_unchanged(Known *known, PyObject *value)
{
    if (known->value != value)
        return false;
    if (known->items == NULL)
        return true;
    return container_size(value) == known->count && all_items(value, item_is_same, known);
}

/* Remember the value where it can be compared at a glance the next time. */
static int remember(Known *known, PyObject *value, bool careful)
{
    if (careful) /* nothing is held: a program could count its references */
        return 0;
    drop_items(known);
    Py_ssize_t size = container_size(value);
    if (size >= 0 && all_items(value, item_is_atom, NULL)) {
        known->items = PyMem_Calloc(size ? (size_t)size : 1, sizeof *known->items);
        if (known->items == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        all_items(value, item_is_kept, known);
    }
    PyObject *old = known->value;
    known->value = known->items != NULL || is_atom(value) ? Py_NewRef(value) : NULL;
    Py_XDECREF(old);
    return 0;
}

/* ---- locals */

static Known *find_known(Watch *watch, PyObject *name)
{
    if (watch->hint < watch->count && watch->known[watch->hint].name == name)
        return &watch->known[watch->hint++];
    for (Py_ssize_t place = 0; place < watch->count; place++)
        if (watch->known[place].name == name || PyUnicode_Compare(watch->known[place].name, name) == 0) {
            watch->hint = place + 1;
            return &watch->known[place];
        }
    return NULL;
}

static bool is_hidden(PyObject *name)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(name);
    if (size && PyUnicode_READ_CHAR(name, 0) == '.')
        return true;
    return size >= 2 && PyUnicode_READ_CHAR(name, 0) == '_' && PyUnicode_READ_CHAR(name, 1) == '_' &&
           PyUnicode_READ_CHAR(name, size - 1) == '_' && PyUnicode_READ_CHAR(name, size - 2) == '_';
}

/* Compare one local with what is known of it; a change is appended to the arena, whose stretch began at `start`. */
static int compare_local(Watch *watch, PyObject *name, PyObject *value)
{
    Tracer *tracer = watch->tracer;
    Known *known = find_known(watch, name);
    if (known != NULL) {
        known->seen = true;
        if (is_unchanged(known, value))
            return 0;
    }
    else if (is_hidden(name))
        return 0;
    Py_ssize_t place = known ? known - watch->known : -1;
    Py_ssize_t characters = write_text(tracer, value);
    if (characters < 0)
        return -1;
    if (place < 0) {
        if (grow((void **)&watch->known, &watch->room, watch->count + 1, sizeof *watch->known) < 0)
            return -1;
        place = watch->count++;
        watch->known[place] = (Known){.name = Py_NewRef(name), .seen = true};
        watch->hint = watch->count;
    }
    known = &watch->known[place];
    Text *scratch = &tracer->scratch, *arena = &tracer->steps.arena;
    if (known->text == NULL || known->size != scratch->size || memcmp(known->text, scratch->data, (size_t)known->size)) {
        char *text = PyMem_Realloc(known->text, scratch->size ? (size_t)scratch->size : 1);
        if (text == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        known->text = memcpy(text, scratch->data, (size_t)scratch->size);
        known->size = scratch->size;
        tracer->size += characters;
        if ((arena->size > watch->start && text_add(arena, ", ", 2) < 0) || text_json_unicode(arena, &tracer->name, name) < 0 ||
            text_add(arena, ": ", 2) < 0 || text_json(arena, scratch->data, scratch->size) < 0)
            return -1;
    }
    return remember(known, value, tracer->careful);
}

/* Names that have gone are said by the step, and forgotten. */
static int remove_gone(Watch *watch, Py_ssize_t number)
{
    Text *arena = &watch->tracer->steps.arena;
    Py_ssize_t start = arena->size, kept = 0;
    for (Py_ssize_t place = 0; place < watch->count; place++) {
        Known known = watch->known[place];
        if (known.seen) {
            watch->known[kept++] = known;
            continue;
        }
        int done = arena->size > start ? text_add(arena, ", ", 2) : 0;
        if (done == 0)
            done = text_json_unicode(arena, &watch->tracer->name, known.name);
        drop_known(&known);
        if (done < 0) {
            watch->count = kept; /* the rest leaks, for want of memory */
            return -1;
        }
    }
    watch->count = kept;
    if (arena->size > start) {
        watch->tracer->steps.steps[number].removed_at = start;
        watch->tracer->steps.steps[number].removed_size = arena->size - start;
    }
    return 0;
}

int compare(Watch *watch, PyFrameObject *frame, Py_ssize_t number)
{
    Steps *steps = &watch->tracer->steps;
    for (Py_ssize_t place = 0; place < watch->count; place++)
        watch->known[place].seen = false;
    watch->hint = 0;
    watch->start = steps->arena.size;
    int done = visit_locals(watch, frame, compare_local);
    if (done == 0 && steps->arena.size > watch->start)
        done = steps_change(steps, number, watch->start);
    for (Py_ssize_t place = 0; done == 0 && place < watch->count; place++)
        if (!watch->known[place].seen)
            return remove_gone(watch, number);
    return done;
}
