/* The events of the interpreter, and the steps that they become: what tracer.py does, byte for byte, without a Python
   frame for each event.

   tracer.py says what a step is and when it is complete; its tests run both and compare. The values that are met most
   are written by literal.c; whatever that leaves, and every exception, is given to the Python functions of describe.py
   and tracer.py, so that there is one text for it. Public functions of CPython only. */

#include "trace.h"

PyObject *describe;
static PyObject *thrown_text, *get_limit, *f_trace; /* see `use` */
static long long spare;
static unsigned char yields[256], leaves[256]; /* by instruction */

static void end(Tracer *tracer, const char *cut)
{
    tracer->cut = cut;
    PyEval_SetTrace(NULL, NULL);
}

static int add_line(Tracer *tracer, int line)
{
    Py_ssize_t place = line >> 3;
    if (line < 0)
        return 0;
    if (place >= tracer->lines_room) {
        Py_ssize_t before = tracer->lines_room;
        if (grow((void **)&tracer->lines, &tracer->lines_room, place + 1, 1) < 0)
            return -1;
        memset(tracer->lines + before, 0, (size_t)(tracer->lines_room - before));
    }
    tracer->lines[place] |= (unsigned char)(1 << (line & 7));
    return 0;
}

/* The instruction that the frame is at; 0 where it cannot be told. */
static int operation_of(Watch *watch, PyFrameObject *frame, PyCodeObject *code)
{
    if (watch->operations == NULL && (watch->operations = PyCode_GetCode(code)) == NULL) {
        PyErr_Clear();
        return 0;
    }
    int place = PyFrame_GetLasti(frame);
    if (place < 0 || place >= PyBytes_GET_SIZE(watch->operations))
        return 0;
    return (unsigned char)PyBytes_AS_STRING(watch->operations)[place];
}

/* The letter of the event with which a frame is left; 0 for an exception, whose own event has told so.

   Some versions of Python give NULL then, some None: of those tracer.py says how they are told apart. */
static char leaving(Watch *watch, PyFrameObject *frame, PyCodeObject *code, PyObject *argument)
{
    bool generator = code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR);
    if (argument == NULL)
        return 0;
    if (argument != Py_None && !generator)
        return 'r';
    int operation = operation_of(watch, frame, code);
    bool thrown = argument == Py_None && watch->last >= 0 && watch->tracer->steps.steps[watch->last].event == 'e';
    if (yields[operation] && !thrown)
        return 'y';
    return leaves[operation] ? 'r' : 0;
}

/* The letter of an event that is no line; its value is appended to the arena. 0 where it is no step, -1 an exception. */
static int read_event(Watch *watch, PyFrameObject *frame, int what, PyObject *argument)
{
    Tracer *tracer = watch->tracer;
    Text *scratch = &tracer->scratch;
    PyObject *text = NULL;
    Py_ssize_t characters;
    char event;
    PyCodeObject *code = PyFrame_GetCode(frame);
    if (what == PyTrace_CALL) {
        event = 'c';
        text = Py_NewRef(code->co_name);
    }
    else if (what == PyTrace_RETURN) {
        event = leaving(watch, frame, code, argument);
    }
    else {
        event = 'e';
        text = PyObject_CallFunction(thrown_text, "On", argument, tracer->value_chars);
    }
    Py_DECREF(code);
    if (event == 0)
        return 0;
    if (event == 'y' || event == 'r')
        characters = write_text(tracer, argument);
    else {
        scratch->size = 0;
        characters = text == NULL || text_unicode(scratch, text) < 0 ? -1 : PyUnicode_GET_LENGTH(text);
        Py_XDECREF(text);
    }
    if (characters < 0 || text_json(&tracer->steps.arena, scratch->data, scratch->size) < 0)
        return -1;
    tracer->size += characters;
    return event;
}

static int first_line(PyFrameObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    int line = code->co_firstlineno;
    Py_DECREF(code);
    return line;
}

static int hear_steps(Watch *watch, PyFrameObject *frame, int what, PyObject *argument)
{
    Tracer *tracer = watch->tracer;
    int line = what == PyTrace_CALL ? first_line(frame) : PyFrame_GetLineNumber(frame), event = 'l';
    if (line < 0)
        line = 0;
    if (watch->last >= 0 && compare(watch, frame, watch->last) < 0)
        return -1;
    Py_ssize_t value_at = tracer->steps.arena.size;
    if (what == PyTrace_LINE) {
        if (add_line(tracer, line) < 0)
            return -1;
    }
    else {
        event = read_event(watch, frame, what, argument);
        if (event < 0)
            return -1;
        if (event == 0) {
            watch->last = -1;
            return 0;
        }
    }
    if (tracer->steps.count >= tracer->max_steps) {
        end(tracer, "steps");
        return 0;
    }
    Py_ssize_t number = steps_add(&tracer->steps, (char)event, watch->number, line, value_at);
    if (number < 0 || (what == PyTrace_CALL && compare(watch, frame, number) < 0))
        return -1;
    watch->last = number;
    if (tracer->size > tracer->max_bytes)
        end(tracer, "bytes");
    return 0;
}

/* Whether the stack is so deep that the reference tracer, which needs frames of its own, could not go on. */
static int is_deep(Tracer *tracer)
{
    PyObject *limit = PyObject_CallNoArgs(get_limit);
    if (limit == NULL)
        return -1;
    long long most = PyLong_AsLongLong(limit);
    Py_DECREF(limit);
    return tracer->active > most - tracer->base - spare;
}

static int hear_event(Watch *watch, PyFrameObject *frame, int what, PyObject *argument)
{
    Tracer *tracer = watch->tracer;
    if (tracer->cut[0])
        return 0;
    int done = 0;
    if (what == PyTrace_CALL && !watch->inside) {
        watch->inside = true;
        tracer->active++;
        if ((done = is_deep(tracer)) > 0) {
            tracer->cut = "depth";
            return 0;
        }
    }
    if (done == 0)
        done = hear_steps(watch, frame, what, argument);
    if (what == PyTrace_RETURN && watch->inside) {
        watch->inside = false;
        tracer->active--;
    }
    if (done < 0 && PyErr_ExceptionMatches(PyExc_RecursionError)) {
        PyErr_Clear();
        tracer->cut = "depth";
        return 0;
    }
    if (done < 0)
        PyEval_SetTrace(NULL, NULL);
    return done;
}

static bool is_ours(Tracer *tracer, PyFrameObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *name = code->co_filename;
    bool same = name == tracer->filename || PyUnicode_Compare(name, tracer->filename) == 0;
    Py_DECREF(code);
    return same;
}

/* The watch of a frame, as a new reference; at a call a frame that has none gets one. NULL with or without an error. */
static Watch *watch_of(Tracer *tracer, PyFrameObject *frame, int what)
{
    PyObject *found = PyObject_GetAttr((PyObject *)frame, f_trace);
    if (found == NULL || Py_IS_TYPE(found, &watch_type))
        return (Watch *)found;
    bool none = found == Py_None;
    Py_DECREF(found);
    if (!none || what != PyTrace_CALL || tracer->cut[0])
        return NULL;
    Watch *watch = PyObject_GC_New(Watch, &watch_type);
    if (watch == NULL)
        return NULL;
    watch->tracer = (Tracer *)Py_NewRef(tracer);
    watch->operations = NULL;
    watch->number = (int)tracer->frames++;
    watch->inside = false;
    watch->last = -1;
    watch->known = NULL;
    watch->count = watch->room = 0;
    PyObject_GC_Track(watch);
    if (PyObject_SetAttr((PyObject *)frame, f_trace, (PyObject *)watch) < 0)
        Py_CLEAR(watch);
    return watch;
}

int hear(PyObject *self, PyFrameObject *frame, int what, PyObject *argument)
{
    Tracer *tracer = (Tracer *)self;
    if (what > PyTrace_RETURN || (what == PyTrace_CALL && !is_ours(tracer, frame)))
        return 0;
    Watch *watch = watch_of(tracer, frame, what);
    if (watch == NULL)
        return PyErr_Occurred() ? -1 : 0;
    int done = 0;
    if (!tracer->lines_only)
        done = hear_event(watch, frame, what, argument);
    else if (what == PyTrace_LINE)
        done = add_line(tracer, PyFrame_GetLineNumber(frame));
    Py_DECREF(watch);
    return done;
}


PyObject *use(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    const unsigned char *yielding, *leaving;
    Py_ssize_t yielding_size, leaving_size;
    if (!PyArg_ParseTuple(arguments, "OOOLy#y#", &describe, &thrown_text, &get_limit, &spare, &yielding, &yielding_size,
                          &leaving, &leaving_size))
        return NULL;
    f_trace = PyUnicode_InternFromString("f_trace");
    if (f_trace == NULL)
        return NULL;
    Py_INCREF(describe);
    Py_INCREF(thrown_text);
    Py_INCREF(get_limit);
    for (Py_ssize_t place = 0; place < yielding_size; place++)
        yields[yielding[place]] = 1;
    for (Py_ssize_t place = 0; place < leaving_size; place++)
        leaves[leaving[place]] = 1;
    Py_RETURN_NONE;
}
