/* The types of the C tracer: the Tracer and Lines, which say what python_tracer.py's say, and the Watch of a frame.

   What is known of a frame's locals is kept in a Watch, which is the frame's f_trace, and so lives as long as the
   frame. See events.c for what is recorded. */

#include "trace.h"

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
    Known *known = watch->known;
    Py_ssize_t count = watch->count;
    watch->known = NULL; /* first of all: what is dropped may have a finalizer, which may call the watch */
    watch->count = watch->room = 0;
    for (Py_ssize_t place = 0; place < count; place++)
        drop_known(&known[place]);
    PyMem_Free(known);
    return 0;
}

static void free_watch(Watch *watch)
{
    PyObject_GC_UnTrack(watch);
    clear_watch(watch);
    Py_XDECREF(watch->operations);
    Py_DECREF(watch->tracer);
    PyObject_GC_Del(watch);
}

PyTypeObject watch_type = {
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
    int careful = 0;
    long long steps = 0, bytes = 0;
    Py_ssize_t chars = 0;
    const char *form = type == &lines_type ? "U" : "UpLLn";
    if (!PyArg_ParseTuple(arguments, form, &filename, &careful, &steps, &bytes, &chars))
        return NULL;
    Tracer *tracer = (Tracer *)type->tp_alloc(type, 0); /* filled with zeros */
    if (tracer == NULL)
        return NULL;
    tracer->filename = Py_NewRef(filename);
    tracer->careful = careful;
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

void tracer_start(Tracer *tracer)
{
    PyEval_SetTrace(hear, (PyObject *)tracer);
}

void tracer_stop(Tracer *tracer)
{
    if (PyThreadState_Get()->c_traceobj != (PyObject *)tracer && !tracer->cut[0])
        tracer->cut = "tracer removed";
    PyEval_SetTrace(NULL, NULL);
}

static bool has_run(const Tracer *tracer, Py_ssize_t line)
{
    return tracer->lines[line >> 3] & 1 << (line & 7);
}

int tracer_text(Text *text, const Tracer *tracer)
{
    bool first = true;
    if (steps_text(text, &tracer->steps) < 0 || text_add(text, ", [", 3) < 0)
        return -1;
    for (Py_ssize_t line = 0; line < tracer->lines_room * 8; line++)
        if (has_run(tracer, line)) {
            if (text_add(text, ", ", first ? 0 : 2) < 0 || text_int(text, line) < 0)
                return -1;
            first = false;
        }
    return text_add(text, "], ", 3) < 0 ? -1 : text_json(text, tracer->cut, (Py_ssize_t)strlen(tracer->cut));
}

static PyObject *start(Tracer *tracer, PyObject *Py_UNUSED(none))
{
    tracer_start(tracer);
    Py_RETURN_NONE;
}

static PyObject *stop(Tracer *tracer, PyObject *Py_UNUSED(none))
{
    tracer_stop(tracer);
    Py_RETURN_NONE;
}

static PyObject *text(Tracer *tracer, PyObject *Py_UNUSED(none))
{
    Text text = {0};
    int done = steps_text(&text, &tracer->steps);
    PyObject *result = done < 0 ? NULL : PyUnicode_DecodeASCII(text.data, text.size, NULL);
    text_free(&text);
    return result;
}

static PyObject *get_cut(Tracer *tracer, void *Py_UNUSED(none))
{
    return PyUnicode_FromString(tracer->cut);
}

static PyObject *get_lines(Tracer *tracer, void *Py_UNUSED(none))
{
    PyObject *found = PyList_New(0);
    for (Py_ssize_t line = 0; found != NULL && line < tracer->lines_room * 8; line++) {
        if (!has_run(tracer, line))
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
    {"text", (PyCFunction)text, METH_NOARGS, "The steps as the columns that encode.py describes."},
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
PyTypeObject tracer_type = TRACER("Tracer", "Traces the code objects of one file name.");
PyTypeObject lines_type = TRACER("Lines", "Records which lines of one file are executed, and nothing else.");
