/* The events of the interpreter, and the steps that they become: what python_tracer.py does, byte for byte, without a Python
   frame for each event.

   python_tracer.py says what a step is and when it is complete; its tests run both and compare. The values that are met most
   are written by literal.c; whatever that leaves, and every exception, is given to the Python functions of safe_repr.py
   and exception_text.py, so that there is one text for it. No code of the program runs meanwhile: the garbage collector
   is off, and what is dropped may have a finalizer, but while an event is heard no other one is. */

#include "trace.h"

PyObject *describe;
static PyObject *thrown_text, *f_trace; /* see `use` */
static int near, spare, max_line;
static unsigned char yields[256], leaves[256]; /* by instruction */
static unsigned char falsely[3]; /* an instruction, or one and the next, at which no statement begins: a line is told of */
static unsigned char backward[3]; /* EXTENDED_ARG and the jumps back; see instructions.py */
static bool told_again;           /* whether lines are told of twice */
static Py_ssize_t told_falsely;  /* how many of these three there are */

static void end(Tracer *tracer, const char *cut)
{
    tracer->cut = cut;
    PyEval_SetTrace(NULL, NULL);
}

/* Code can be made that claims to be on any line, or on none. */
static int line_of(int number)
{
    return number >= 0 && number <= max_line ? number : 0;
}

static int add_line(Tracer *tracer, int line)
{
    Py_ssize_t place = line >> 3;
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

/* Whether a frame that is at a `yield` may be left by an exception; see python_tracer.py. */
static bool is_unwinding(Watch *watch, PyFrameObject *frame)
{
    bool thrown = watch->last >= 0 && watch->tracer->steps.steps[watch->last].event == 'e';
    return thrown || (watch->told >= 0 && watch->told != PyFrame_GetLineNumber(frame));
}

/* The letter of the event with which a frame is left; 0 for an exception, whose own event has told so.

   Some versions of Python give NULL then, some None: of those python_tracer.py says how they are told apart. */
static char leaving(Watch *watch, PyFrameObject *frame, PyCodeObject *code, PyObject *argument)
{
    bool generator = code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR);
    if (argument == NULL)
        return 0;
    if (argument != Py_None && !generator)
        return 'r';
    int operation = operation_of(watch, frame, code);
    if (yields[operation] && !(argument == Py_None && is_unwinding(watch, frame)))
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
    int line = line_of(what == PyTrace_CALL ? first_line(frame) : PyFrame_GetLineNumber(frame)), event = 'l';
    if (watch->last >= 0 && compare(watch, frame, watch->last) < 0)
        return -1;
    Py_ssize_t value_at = tracer->steps.arena.size;
    if (what == PyTrace_LINE) {
        if (add_line(tracer, line) < 0)
            return -1;
        watch->told = PyFrame_GetLineNumber(frame);
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

/* Whether the stack is so deep that the reference tracer, which needs frames of its own, could not go on. It finds that
   out by taking `spare` frames on top of its own three, or calls in C on top of four. */
static bool is_deep(Tracer *tracer)
{
    PyThreadState *state = PyThreadState_Get();
    if (tracer->active <= near)
        return false;
#if PY_VERSION_HEX < 0x030c0000
    return state->recursion_remaining < spare + 3;
#elif PY_VERSION_HEX < 0x030e0000
    return state->py_recursion_remaining < spare + 3 || state->c_recursion_remaining < spare + 4;
#else
    return state->py_recursion_remaining < spare + 3;
#endif
}

static bool is_told_falsely(Watch *watch, PyFrameObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    int operation = operation_of(watch, frame, code);
    Py_DECREF(code);
    if (operation == falsely[0] || told_falsely < 3 || operation != falsely[1] || watch->operations == NULL)
        return operation == falsely[0];
    int next = PyFrame_GetLasti(frame) + 2;
    return next < PyBytes_GET_SIZE(watch->operations) &&
           (unsigned char)PyBytes_AS_STRING(watch->operations)[next] == falsely[2];
}

/* Whether a jump back leads to a place in the code. */
static bool is_target(PyObject *operations, int place)
{
    const unsigned char *code = (const unsigned char *)PyBytes_AS_STRING(operations);
    unsigned long extended = 0;
    for (Py_ssize_t at = 0; at + 1 < PyBytes_GET_SIZE(operations); at += 2) {
        unsigned long argument = extended << 8 | code[at + 1];
        if ((code[at] == backward[1] || code[at] == backward[2]) && at + 2 - 2 * (Py_ssize_t)argument == place)
            return true;
        extended = code[at] == backward[0] ? argument : 0;
    }
    return false;
}

static bool is_told_again(Watch *watch, PyFrameObject *frame)
{
    if (PyFrame_GetLineNumber(frame) != watch->told)
        return false;
    PyCodeObject *code = PyFrame_GetCode(frame);
    operation_of(watch, frame, code);
    Py_DECREF(code);
    return watch->operations != NULL && !is_target(watch->operations, PyFrame_GetLasti(frame));
}

static int hear_event(Watch *watch, PyFrameObject *frame, int what, PyObject *argument)
{
    Tracer *tracer = watch->tracer;
    int done = 0;
    if (tracer->cut[0] || (what == PyTrace_LINE && told_falsely && is_told_falsely(watch, frame)) ||
        (what == PyTrace_LINE && told_again && is_told_again(watch, frame)))
        return 0;
    if (what == PyTrace_CALL && !watch->inside) {
        watch->inside = true;
        tracer->active++;
        if (is_deep(tracer)) {
            end(tracer, "depth");
            return 0;
        }
    }
    if (!tracer->lines_only)
        done = hear_steps(watch, frame, what, argument);
    else if (what == PyTrace_LINE)
        done = add_line(tracer, line_of(PyFrame_GetLineNumber(frame)));
    if (what == PyTrace_RETURN && watch->inside) {
        watch->inside = false;
        tracer->active--;
    }
    if (done < 0 && PyErr_ExceptionMatches(PyExc_RecursionError)) {
        PyErr_Clear();
        end(tracer, "depth");
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
    bool same = name == tracer->filename || (PyUnicode_CheckExact(name) && PyUnicode_Compare(name, tracer->filename) == 0);
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
    watch->last = watch->told = -1;
    watch->known = NULL;
    watch->count = watch->room = watch->hint = watch->start = 0;
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
    if (tracer->busy)
        return 0;
    Py_INCREF(tracer);
    tracer->busy = true;
    int collects = PyGC_Disable(), done = 0;
    Watch *watch = watch_of(tracer, frame, what);
    if (watch == NULL)
        done = PyErr_Occurred() ? -1 : 0;
    else if (watch->tracer == tracer)
        done = hear_event(watch, frame, what, argument);
    Py_XDECREF(watch);
    tracer->busy = false;
    if (collects)
        PyGC_Enable();
    Py_DECREF(tracer);
    return done;
}

PyObject *use(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *describing, *thrown, *proxy;
    const unsigned char *yielding, *leaving, *raising, *back;
    Py_ssize_t yielding_size, leaving_size, raising_size, back_size;
    if (!PyArg_ParseTuple(arguments, "OOO!iiiy#y#y#y#", &describing, &thrown, &PyType_Type, &proxy, &near, &spare, &max_line,
                          &yielding, &yielding_size, &leaving, &leaving_size, &raising, &raising_size, &back, &back_size))
        return NULL;
    if (f_trace == NULL && (f_trace = PyUnicode_InternFromString("f_trace")) == NULL)
        return NULL;
    Py_XSETREF(describe, Py_NewRef(describing));
    Py_XSETREF(thrown_text, Py_NewRef(thrown));
    Py_XSETREF(locals_proxy, (PyTypeObject *)Py_NewRef(proxy));
    memset(yields, 0, sizeof yields);
    memset(leaves, 0, sizeof leaves);
    told_falsely = raising_size < (Py_ssize_t)sizeof falsely ? raising_size : (Py_ssize_t)sizeof falsely;
    memcpy(falsely, raising, (size_t)told_falsely);
    for (Py_ssize_t place = 0; place < yielding_size; place++)
        yields[yielding[place]] = 1;
    for (Py_ssize_t place = 0; place < leaving_size; place++)
        leaves[leaving[place]] = 1;
    told_again = back_size == (Py_ssize_t)sizeof backward;
    if (told_again)
        memcpy(backward, back, sizeof backward);
    Py_RETURN_NONE;
}
