/* The local variables of a frame, in the order of its code, without any effect on the frame.

   Up to Python 3.12 the public functions refresh a dict that the program may hold, too, and that keeps its values
   alive. So the variables are read from where the interpreter has them; from 3.13 on there is a proxy for that. */

#if PY_VERSION_HEX < 0x030d0000
#define Py_BUILD_CORE
#endif
#include "trace.h"
#if PY_VERSION_HEX < 0x030d0000
#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>
#endif

PyTypeObject *locals_proxy; /* see `use` */

static int visit_pair(Watch *watch, PyObject *name, PyObject *value, int (*visit)(Watch *, PyObject *, PyObject *))
{
    if (!PyUnicode_CheckExact(name))
        return 0;
    Py_INCREF(name);
    Py_INCREF(value);
    int done = visit(watch, name, value);
    Py_DECREF(name);
    Py_DECREF(value);
    return done;
}

static int visit_dict(Watch *watch, PyObject *dict, int (*visit)(Watch *, PyObject *, PyObject *))
{
    PyObject *name, *value;
    Py_ssize_t place = 0;
    int done = 0;
    while (done == 0 && PyDict_Next(dict, &place, &name, &value))
        done = visit_pair(watch, name, value, visit);
    return done;
}

#if PY_VERSION_HEX < 0x030d0000

static PyObject *value_at(_PyInterpreterFrame *frame, PyCodeObject *code, int place)
{
    PyObject *value = frame->localsplus[place];
    char kind = PyBytes_AS_STRING(code->co_localspluskinds)[place];
    if (value != NULL && kind & (CO_FAST_CELL | CO_FAST_FREE) && PyCell_Check(value))
        return PyCell_GET(value);
    return value;
}

int visit_locals(Watch *watch, PyFrameObject *frame, int (*visit)(Watch *, PyObject *, PyObject *))
{
    _PyInterpreterFrame *inner = frame->f_frame;
    PyCodeObject *code = inner->f_code;
    int done = 0;
    if (!(code->co_flags & CO_OPTIMIZED)) /* the body of a class, whose metaclass may have made the namespace */
        return inner->f_locals && PyDict_Check(inner->f_locals) ? visit_dict(watch, inner->f_locals, visit) : 0;
    if (inner->stacktop == 0) /* it was cleared */
        return 0;
    for (int place = 0; done == 0 && place < code->co_nlocalsplus; place++) {
        PyObject *value = value_at(inner, code, place);
        if (value != NULL)
            done = visit_pair(watch, PyTuple_GET_ITEM(code->co_localsplusnames, place), value, visit);
    }
    return done;
}

#else

static int visit_proxy(Watch *watch, PyObject *proxy, int (*visit)(Watch *, PyObject *, PyObject *))
{
    PyObject *pairs = PyMapping_Items(proxy);
    int done = pairs == NULL ? -1 : 0;
    for (Py_ssize_t place = 0; done == 0 && place < PyList_GET_SIZE(pairs); place++) {
        PyObject *pair = PyList_GET_ITEM(pairs, place);
        if (PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2)
            done = visit_pair(watch, PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1), visit);
    }
    Py_XDECREF(pairs);
    return done;
}

int visit_locals(Watch *watch, PyFrameObject *frame, int (*visit)(Watch *, PyObject *, PyObject *))
{
    PyObject *present = PyFrame_GetLocals(frame);
    if (present == NULL)
        return -1;
    int done = 0;
    if (PyDict_Check(present))
        done = visit_dict(watch, present, visit);
    else if (Py_IS_TYPE(present, locals_proxy))
        done = visit_proxy(watch, present, visit);
    Py_DECREF(present);
    return done;
}

#endif
