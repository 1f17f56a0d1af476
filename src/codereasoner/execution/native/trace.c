/* The C tracer: what tracer.py does, byte for byte, without a Python frame for each event.

   tracer.py says what a step is and when it is complete; its tests run both and compare. The values that are met most
   are written by literal.c; whatever that leaves, and every exception, is given to the Python functions of describe.py
   and tracer.py, so that there is one text for it. Public functions of CPython only; what is known of a frame's locals
   is kept in a Watch, which is the frame's f_trace, and so lives as long as the frame. */

#include "trace.h"

static PyTypeObject watch_type, tracer_type, lines_type;
PyObject *describe;
static PyObject *thrown_text, *f_trace, *get_limit; /* see `use` */
static long long spare;
static unsigned char yields[256], leaves[256]; /* by instruction */

static int hear(PyObject *self, PyFrameObject *frame, int what, PyObject *argument);

/* ---- events */

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

static int hear(PyObject *self, PyFrameObject *frame, int what, PyObject *argument)
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

/* A program may take what sys.gettrace gives it and call it, or install it again. */
static PyObject *called(Tracer *tracer, PyObject *arguments, PyObject *Py_UNUSED(words), PyObject *result)
{
    static const char *names[] = {"call", "exception", "line", "return"};
    static const int events[] = {PyTrace_CALL, PyTrace_EXCEPTION, PyTrace_LINE, PyTrace_RETURN};
    PyObject *frame, *argument;
    const char *name;
    if (!PyArg_ParseTuple(arguments, "O!sO", &PyFrame_Type, &frame, &name, &argument))
        return NULL;
    for (int place = 0; place < 4; place++)
        if (strcmp(name, names[place]) == 0) {
            PyObject *value = place == 3 && argument == Py_None ? NULL : argument;
            if (hear((PyObject *)tracer, (PyFrameObject *)frame, events[place], value) < 0)
                return NULL;
        }
    return Py_NewRef(result);
}

static PyObject *call_watch(Watch *watch, PyObject *arguments, PyObject *words)
{
    return called(watch->tracer, arguments, words, (PyObject *)watch);
}

static PyObject *call_tracer(Tracer *tracer, PyObject *arguments, PyObject *words)
{
    PyObject *result = called(tracer, arguments, words, Py_None);
    if (result != NULL && !tracer->cut[0])
        PyEval_SetTrace(hear, (PyObject *)tracer);
    return result;
}

/* ---- the Watch */

static int traverse_watch(Watch *watch, visitproc visit, void *arg)
{
    Py_VISIT(watch->tracer);
    for (Py_ssize_t place = 0; place < watch->count; place++)
        Py_VISIT(watch->known[place].value);
    return 0;
}

static int clear_watch(Watch *watch)
{
    Py_ssize_t count = watch->count;
    watch->count = 0;
    for (Py_ssize_t place = 0; place < count; place++)
        drop_known(&watch->known[place]);
    return 0;
}

static void free_watch(Watch *watch)
{
    PyObject_GC_UnTrack(watch);
    clear_watch(watch);
    PyMem_Free(watch->known);
    Py_XDECREF(watch->operations);
    Py_DECREF(watch->tracer);
    PyObject_GC_Del(watch);
}

static PyTypeObject watch_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "Watch",
    .tp_basicsize = sizeof(Watch),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)traverse_watch,
    .tp_clear = (inquiry)clear_watch,
    .tp_dealloc = (destructor)free_watch,
    .tp_call = (ternaryfunc)call_watch,
};

/* ---- the Tracer, and Lines, which has its methods */

static PyObject *new_tracer(PyTypeObject *type, PyObject *arguments, PyObject *Py_UNUSED(words))
{
    PyObject *filename;
    long long steps = 0, bytes = 0;
    Py_ssize_t chars = 0;
    const char *form = type == &lines_type ? "U" : "ULLn";
    if (!PyArg_ParseTuple(arguments, form, &filename, &steps, &bytes, &chars))
        return NULL;
    Tracer *tracer = (Tracer *)type->tp_alloc(type, 0); /* filled with zeros */
    if (tracer == NULL)
        return NULL;
    tracer->filename = Py_NewRef(filename);
    tracer->max_steps = steps;
    tracer->max_bytes = bytes;
    tracer->value_chars = chars;
    tracer->cut = "";
    tracer->lines_only = type == &lines_type;
    return (PyObject *)tracer;
}

static void free_tracer(Tracer *tracer)
{
    Py_XDECREF(tracer->filename);
    PyMem_Free(tracer->lines);
    text_free(&tracer->scratch);
    text_free(&tracer->name);
    steps_free(&tracer->steps);
    Py_TYPE(tracer)->tp_free((PyObject *)tracer);
}

static PyObject *start(Tracer *tracer, PyObject *Py_UNUSED(none))
{
    PyFrameObject *frame = PyThreadState_GetFrame(PyThreadState_Get());
    for (tracer->base = 0; frame != NULL; tracer->base++) {
        PyFrameObject *back = PyFrame_GetBack(frame);
        Py_DECREF(frame);
        frame = back;
    }
    PyEval_SetTrace(hear, (PyObject *)tracer);
    Py_RETURN_NONE;
}

static PyObject *stop(Tracer *tracer, PyObject *Py_UNUSED(none))
{
    if (PyThreadState_Get()->c_traceobj != (PyObject *)tracer && !tracer->cut[0])
        tracer->cut = "tracer removed";
    PyEval_SetTrace(NULL, NULL);
    Py_RETURN_NONE;
}

static PyObject *text(Tracer *tracer, PyObject *Py_UNUSED(none))
{
    return steps_text(&tracer->steps);
}

static PyObject *get_cut(Tracer *tracer, void *Py_UNUSED(none))
{
    return PyUnicode_FromString(tracer->cut);
}

static PyObject *get_lines(Tracer *tracer, void *Py_UNUSED(none))
{
    PyObject *found = PyList_New(0);
    for (Py_ssize_t line = 0; found != NULL && line < tracer->lines_room * 8; line++) {
        if (!(tracer->lines[line >> 3] & 1 << (line & 7)))
            continue;
        PyObject *number = PyLong_FromSsize_t(line);
        if (number == NULL || PyList_Append(found, number) < 0)
            Py_CLEAR(found);
        Py_XDECREF(number);
    }
    return found;
}

static PyMethodDef methods[] = {
    {"start", (PyCFunction)start, METH_NOARGS, "Trace everything that is called from here on."},
    {"stop", (PyCFunction)stop, METH_NOARGS, "Stop; a program that has removed the tracer itself is told by `cut`."},
    {"text", (PyCFunction)text, METH_NOARGS, "The steps as the columns that answer.py describes."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef properties[] = {
    {"cut", (getter)get_cut, NULL, "What ended the trace early, or nothing.", NULL},
    {"lines", (getter)get_lines, NULL, "The executed lines, in ascending order.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

#define TRACER(kind, doc)                                                                                              \
    {                                                                                                                  \
        PyVarObject_HEAD_INIT(NULL, 0).tp_name = "codereasoner.execution._trace." kind, .tp_doc = doc,                 \
            .tp_basicsize = sizeof(Tracer), .tp_flags = Py_TPFLAGS_DEFAULT, .tp_new = new_tracer,                      \
            .tp_dealloc = (destructor)free_tracer, .tp_call = (ternaryfunc)call_tracer, .tp_methods = methods,         \
            .tp_getset = properties                                                                                    \
    }
static PyTypeObject tracer_type = TRACER("Tracer", "Traces the code objects of one file name.");
static PyTypeObject lines_type = TRACER("Lines", "Records which lines of one file are executed, and nothing else.");

/* ---- the module */

static PyObject *use(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    const unsigned char *yielding, *leaving;
    Py_ssize_t yielding_size, leaving_size;
    if (!PyArg_ParseTuple(arguments, "OOOLy#y#", &describe, &thrown_text, &get_limit, &spare, &yielding, &yielding_size,
                          &leaving, &leaving_size))
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

static PyMethodDef functions[] = {
    {"use", use, METH_VARARGS,
     "Take from Python: describe, thrown_text, sys.getrecursionlimit, the frames to be spared, the instructions at which "
     "a frame has yielded, and those at which it has returned."},
    {"fork_job", fork_job, METH_VARARGS, "Run one job in a fork; gives what it said, whether in time, status, CPU seconds."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_trace", "The C tracer.", -1, functions,
                                        NULL,                  NULL,     NULL,            NULL};

PyMODINIT_FUNC PyInit__trace(void)
{
    if (PY_VERSION_HEX >> 16 != Py_Version >> 16) {
        PyErr_SetString(PyExc_ImportError, "the C tracer was built for another version of Python");
        return NULL;
    }
    f_trace = PyUnicode_InternFromString("f_trace");
    PyObject *module = PyModule_Create(&definition);
    if (f_trace == NULL || module == NULL || PyType_Ready(&watch_type) < 0 || PyModule_AddType(module, &tracer_type) < 0 ||
        PyModule_AddType(module, &lines_type) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
