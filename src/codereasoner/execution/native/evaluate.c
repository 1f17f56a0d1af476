/* Code of a program, evaluated as the interpreter evaluates a file: at the bottom of the stack.

   However deep we are ourselves, and in whichever process: the program sees no frame of ours, may recurse as deep as in a
   fresh interpreter, and is told the limit that is set there. */

#include "trace.h"

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

/* What the code gives with these names as its namespace; NULL with its exception set. depth: the limit of recursion. */
PyObject *evaluate_below(PyObject *code, PyObject *names, int depth)
{
    PyThreadState *state = PyThreadState_Get();
    struct _PyInterpreterFrame *frame = FRAME(state);
    int limit = Py_GetRecursionLimit(), used = limit - REMAINING(state);
    if (PyDict_GetItemString(names, "__builtins__") == NULL &&
        PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) < 0)
        return NULL;
    Py_SetRecursionLimit(depth);
    REMAINING(state) = depth;
    FRAME(state) = NULL;
#if PY_VERSION_HEX >= 0x030c0000 && PY_VERSION_HEX < 0x030e0000
    state->c_recursion_remaining++; /* the call of this function, which Python's eval() does not count */
#endif
    PyObject *value = PyEval_EvalCode(code, names, names);
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
