/* str.format and str.format_map, in a process that programs share: a text whose fields read attributes or items ends the
   sharing. What such a text reads is known only when it is formatted; it could be anything in the process. */

#include "trace.h"

#include <unistd.h>

enum { ROOM = 50 }; /* frames for `leave`, which takes a few */

static PyObject *leave; /* ends the process; it does not return */
static PyCFunctionWithKeywords format;
static PyCFunction format_map;

/* Whether no replacement field has a dot or a bracket in its name; fields inside of widths are fields, too. */
static bool is_plain(PyObject *text)
{
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    Py_ssize_t size = PyUnicode_GET_LENGTH(text), depth = 0;
    bool in_name = false;
    for (Py_ssize_t place = 0; place < size; place++) {
        Py_UCS4 letter = PyUnicode_READ(kind, data, place);
        if (letter == '{' && depth == 0 && place + 1 < size && PyUnicode_READ(kind, data, place + 1) == '{')
            place++; /* a brace that is meant as such */
        else if (letter == '{') {
            depth++;
            in_name = true;
        } else if (letter == '}' || letter == ':' || letter == '!') {
            depth -= letter == '}' && depth > 0;
            in_name = false;
        } else if (in_name && (letter == '.' || letter == '['))
            return false;
    }
    return true;
}

/* End the process. A program at the limit of recursion leaves no room for a call, and would go on with an error of ours. */
static PyObject *end_sharing(void)
{
    Py_SetRecursionLimit(Py_GetRecursionLimit() + ROOM);
    PyObject_CallNoArgs(leave);
    _exit(1);
}

static PyObject *guarded_format(PyObject *text, PyObject *arguments, PyObject *names)
{
    return is_plain(text) ? format(text, arguments, names) : end_sharing();
}

static PyObject *guarded_format_map(PyObject *text, PyObject *mapping)
{
    return is_plain(text) ? format_map(text, mapping) : end_sharing();
}

/* Replace a method of str by one that differs in its function only; return the function that it had. */
static PyMethodDef *replace(PyObject *methods, const char *name, PyCFunction function, int flags, PyMethodDef *definition)
{
    PyObject *old = PyDict_GetItemString(methods, name), *new = NULL;
    if (old == NULL || !Py_IS_TYPE(old, &PyMethodDescr_Type) || ((PyMethodDescrObject *)old)->d_method->ml_flags != flags)
        return NULL;
    PyMethodDef *was = ((PyMethodDescrObject *)old)->d_method;
    *definition = *was;
    definition->ml_meth = function;
    new = PyDescr_NewMethod(&PyUnicode_Type, definition);
    int done = new == NULL ? -1 : PyDict_SetItemString(methods, name, new);
    Py_XDECREF(new);
    return done < 0 ? NULL : was;
}

PyObject *guard_formats(PyObject *Py_UNUSED(module), PyObject *end)
{
    static PyMethodDef definitions[2];
    Py_XSETREF(leave, Py_NewRef(end));
    if (format_map != NULL)
        Py_RETURN_NONE;
#if PY_VERSION_HEX >= 0x030c0000
    PyObject *methods = PyType_GetDict(&PyUnicode_Type);
#else
    PyObject *methods = Py_NewRef(PyUnicode_Type.tp_dict);
#endif
    PyMethodDef *first = replace(methods, "format", (PyCFunction)(void (*)(void))guarded_format,
                                 METH_VARARGS | METH_KEYWORDS, &definitions[0]);
    PyMethodDef *second = replace(methods, "format_map", guarded_format_map, METH_O, &definitions[1]);
    Py_DECREF(methods);
    PyType_Modified(&PyUnicode_Type);
    if (first == NULL || second == NULL)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_RuntimeError, "str.format is not what it was");
    format = (PyCFunctionWithKeywords)(void (*)(void))first->ml_meth;
    format_map = second->ml_meth;
    Py_RETURN_NONE;
}
