/* The module `_trace`: what workers and pools do in C where there is a compiler, and in Python where there is none. */

#include "trace.h"

static PyMethodDef functions[] = {
    {"use", use, METH_VARARGS,
     "Take from Python: describe, thrown_text, sys.getrecursionlimit, the frames to be spared, the instructions at which "
     "a frame has yielded, and those at which it has returned."},
    {"evaluate", evaluate, METH_VARARGS,
     "Evaluate code in a namespace with nothing below it on the stack, to this depth of recursion."},
    {"fork_job", fork_job, METH_VARARGS, "Run one job in a fork; gives what it said, whether in time, status, CPU seconds."},
    {"run_job", run_job, METH_VARARGS,
     "Run a job in this process; gives its value, and its answer, which is empty where that is for Python to write."},
    {"guard_formats", guard_formats, METH_O, "Call this where str.format is given a text that reads attributes or items."},
    {"install_filter", install_filter, METH_VARARGS,
     "Install the last filter in this process: its code, what stands in it for the process id, the parent's id."},
    {"read_answer", read_answer, METH_VARARGS,
     "The nine parts of an answer, its steps made of the type Step; None where that is for Python to read."},
    {"read_arguments", read_arguments, METH_O, "The arguments of a call that are plain literals; None where it has others."},
    {"make", make, METH_VARARGS, "An object of a frozen type with these fields, which can be in no cycle."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_trace", "The C tracer, and what else is done in C.", -1, functions, NULL, NULL, NULL, NULL};

/* What Python and the workers expect of this module: decode.py has the same number. Change both where they change. */
#define INTERFACE 9

PyMODINIT_FUNC PyInit__trace(void)
{
    if (PY_VERSION_HEX >> 16 != Py_Version >> 16) {
        PyErr_SetString(PyExc_ImportError, "the C tracer was built for another version of Python");
        return NULL;
    }
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || PyType_Ready(&watch_type) < 0 || PyModule_AddType(module, &tracer_type) < 0 ||
        PyModule_AddType(module, &lines_type) < 0 || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
