/* Code of a program, evaluated as the interpreter evaluates a file: at the bottom of the stack.

   However deep we are ourselves, and in whichever process: the program sees no frame of ours, may recurse as deep as in a
   fresh interpreter, and is told the limit that is set there. What it has left in the interpreter rests between its parts
   and after the last one: else it would be called among our frames. setitimer(2), signal(7). */

#include "trace.h"

#include <signal.h>

#if PY_VERSION_HEX >= 0x030d0000
#define FRAME(state) ((state)->current_frame)
#else
#define FRAME(state) ((state)->cframe->current_frame)
#endif
#if PY_VERSION_HEX >= 0x030c0000
#define REMAINING(state) ((state)->py_recursion_remaining)
#else
#define REMAINING(state) ((state)->recursion_remaining)
#endif

#define TOOLS 6 /* of sys.monitoring that a program may use */

static struct {
    bool alone; /* a process of one program: one that gives built-ins to each shares it, and they can leave nothing */
    bool rests, collects;
    Py_tracefunc trace, profile;
    sigset_t blocked;
    long events[TOOLS];
} left;

/* The events of a tool of sys.monitoring, which are set to others; 0 if nobody uses it. */
static long exchange_events(int tool, long events)
{
#if PY_VERSION_HEX >= 0x030c0000
    static PyObject *get, *set; /* a program may replace them */
    PyObject *monitoring = get == NULL ? PySys_GetObject("monitoring") : NULL;
    if (monitoring != NULL) {
        get = PyObject_GetAttrString(monitoring, "get_events");
        set = PyObject_GetAttrString(monitoring, "set_events");
    }
    PyObject *found = get == NULL ? NULL : PyObject_CallFunction(get, "i", tool);
    long before = found == NULL ? 0 : PyLong_AsLong(found);
    Py_XDECREF(found);
    if (before != events && set != NULL)
        Py_XDECREF(PyObject_CallFunction(set, "il", tool, events));
    PyErr_Clear(); /* nobody uses the tool any more */
    return before;
#else
    (void)tool;
    return events;
#endif
}

static void use_hooks(PyThreadState *state, Py_tracefunc trace, Py_tracefunc profile)
{
    state->c_tracefunc = trace;
    state->c_profilefunc = profile;
#if PY_VERSION_HEX < 0x030c0000
    state->cframe->use_tracing = trace != NULL || profile != NULL ? 255 : 0;
#endif
}

/* Let the handlers of signals that are pending run, and no further one. */
static PyObject *last_signals(PyObject *value)
{
    sigset_t all;
    struct sigaction at_limit;
    PyObject *kind, *error, *trace;
    sigfillset(&all);
    if (sigaction(SIGPROF, NULL, &at_limit) == 0 && at_limit.sa_handler == SIG_DFL)
        sigdelset(&all, SIGPROF); /* it ends a run at its limit */
    sigprocmask(SIG_BLOCK, &all, &left.blocked);
    PyErr_Fetch(&kind, &error, &trace);
    if (PyErr_CheckSignals() == 0) {
        PyErr_Restore(kind, error, trace);
        return value;
    }
    Py_XDECREF(kind);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    Py_XDECREF(value);
    return NULL;
}

/* What a part of the program gives, after which nothing of it runs until it goes on. */
static PyObject *rest(PyThreadState *state, PyObject *value)
{
    PyObject *kind, *error, *trace;
    value = last_signals(value);
    left.collects = PyGC_Disable();
    left.trace = state->c_tracefunc == hear ? NULL : state->c_tracefunc;
    left.profile = state->c_profilefunc;
    if (left.trace != NULL || left.profile != NULL)
        use_hooks(state, left.trace != NULL ? NULL : state->c_tracefunc, NULL);
    PyErr_Fetch(&kind, &error, &trace);
    for (int tool = 0; tool < TOOLS; tool++)
        left.events[tool] = exchange_events(tool, 0);
    PyErr_Restore(kind, error, trace);
    left.rests = true;
    return value;
}

static void go_on(PyThreadState *state)
{
    if (!left.rests)
        return;
    left.rests = false;
    for (int tool = 0; tool < TOOLS; tool++)
        exchange_events(tool, left.events[tool]);
    if (left.trace != NULL || left.profile != NULL)
        use_hooks(state, state->c_tracefunc != NULL ? state->c_tracefunc : left.trace, left.profile);
    if (left.collects)
        PyGC_Enable();
    sigprocmask(SIG_SETMASK, &left.blocked, NULL);
}

/* What the code gives with these names as its namespace; NULL with its exception set. depth: the limit of recursion. */
PyObject *evaluate_below(PyObject *code, PyObject *names, int depth)
{
    PyThreadState *state = PyThreadState_Get();
    struct _PyInterpreterFrame *frame = FRAME(state);
    int limit = Py_GetRecursionLimit(), used = limit - REMAINING(state);
    if (PyDict_GetItemString(names, "__builtins__") == NULL) {
        left.alone = true;
        if (PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) < 0)
            return NULL;
    }
    Py_SetRecursionLimit(depth);
    REMAINING(state) = depth;
    FRAME(state) = NULL;
#if PY_VERSION_HEX >= 0x030c0000 && PY_VERSION_HEX < 0x030e0000
    state->c_recursion_remaining++; /* the call of this function, which Python's eval() does not count */
#endif
    go_on(state);
    PyObject *value = PyEval_EvalCode(code, names, names);
    if (left.alone)
        value = rest(state, value);
#if PY_VERSION_HEX >= 0x030c0000 && PY_VERSION_HEX < 0x030e0000
    state->c_recursion_remaining--;
#endif
    FRAME(state) = frame;
    Py_SetRecursionLimit(limit); /* the program may have set another */
    REMAINING(state) = limit - used;
    return value;
}

PyObject *evaluate(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *code, *names;
    int depth;
    if (!PyArg_ParseTuple(arguments, "O!O!i", &PyCode_Type, &code, &PyDict_Type, &names, &depth))
        return NULL;
    return evaluate_below(code, names, depth);
}
