/* The arguments of a call that are plain literals, read without the compiler, which takes fifteen times as long.

   Each is equal to what the compiler makes, but equal constants may be several objects. Numbers, strings without escapes,
   True, False, None, and lists, tuples and dicts of such are read; all other texts are left to the compiler. */

#include "trace.h"

#define MAX_NESTED 20
#define MAX_DIGITS 18 /* of an int */

typedef struct {
    const char *at; /* a text that ends with 0 */
    int depth;
    bool comma; /* stands behind the last item that was read */
} Reader;

static PyObject *read_value(Reader *reader);

static char next(Reader *reader)
{
    while (*reader->at == ' ')
        reader->at++;
    return *reader->at;
}

static PyObject *read_number(Reader *reader)
{
    const char *start = reader->at, *first = start + (*start == '-');
    size_t digits = strspn(first, "0123456789");
    char *end;
    if (digits == 0)
        return NULL;
    if (strchr(".eE", first[digits]) != NULL && first[digits] != 0) {
        double number = PyOS_string_to_double(start, &end, NULL);
        reader->at = end;
        return PyErr_Occurred() ? NULL : PyFloat_FromDouble(number);
    }
    if (digits > MAX_DIGITS || (*first == '0' && digits > 1))
        return NULL;
    reader->at = first + digits;
    return PyLong_FromLongLong(strtoll(start, NULL, 10));
}

static PyObject *read_string(Reader *reader)
{
    const char *start = reader->at + 1, ends[] = {*reader->at, '\\', '\n', '\r', 0};
    size_t size = strcspn(start, ends);
    if (start[size] != *ends || (size == 0 && start[1] == *ends)) /* three quotes */
        return NULL;
    reader->at = start + size + 1;
    return PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, start, (Py_ssize_t)size);
}

static PyObject *read_word(Reader *reader)
{
    static const char *words[] = {"True", "False", "None"};
    PyObject *values[] = {Py_True, Py_False, Py_None};
    for (int place = 0; place < 3; place++)
        if (strncmp(reader->at, words[place], strlen(words[place])) == 0) {
            reader->at += strlen(words[place]);
            return Py_NewRef(values[place]);
        }
    return NULL;
}

/* The values up to the closing character, which is read too, in a new list; in a dict before a brace. */
static PyObject *read_items(Reader *reader, char closing)
{
    PyObject *items = closing == '}' ? PyDict_New() : PyList_New(0);
    reader->comma = true;
    while (items != NULL && next(reader) != closing) {
        PyObject *value = reader->comma ? read_value(reader) : NULL, *key = NULL;
        if (value != NULL && closing == '}') {
            key = value;
            value = next(reader) == ':' ? (reader->at++, read_value(reader)) : NULL;
        }
        if (value == NULL || (key ? PyDict_SetItem(items, key, value) : PyList_Append(items, value)) < 0)
            Py_CLEAR(items);
        Py_XDECREF(key);
        Py_XDECREF(value);
        reader->comma = next(reader) == ',';
        reader->at += reader->comma;
    }
    reader->at += items != NULL;
    return items;
}

/* A tuple, or the one value that stands in brackets. */
static PyObject *read_tuple(Reader *reader)
{
    PyObject *items = read_items(reader, ')'), *value = NULL;
    if (items != NULL && PyList_GET_SIZE(items) == 1 && !reader->comma)
        value = Py_NewRef(PyList_GET_ITEM(items, 0));
    else if (items != NULL)
        value = PyList_AsTuple(items);
    Py_XDECREF(items);
    return value;
}

/* The value that begins here; NULL, with or without an exception, if it is none of ours. */
static PyObject *read_value(Reader *reader)
{
    char letter = next(reader);
    if (letter == '\'' || letter == '"')
        return read_string(reader);
    if (letter == '-' || (letter >= '0' && letter <= '9'))
        return read_number(reader);
    if (letter != '[' && letter != '(' && letter != '{')
        return read_word(reader);
    if (reader->depth == MAX_NESTED)
        return NULL;
    reader->at++;
    reader->depth++;
    PyObject *value = letter == '(' ? read_tuple(reader) : read_items(reader, letter == '[' ? ']' : '}');
    reader->depth--;
    return value;
}

PyObject *read_arguments(PyObject *Py_UNUSED(module), PyObject *text)
{
    if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_ASCII(text))
        Py_RETURN_NONE;
    const char *start = (const char *)PyUnicode_1BYTE_DATA(text);
    Reader reader = {start, 0, true};
    PyObject *items = read_items(&reader, 0), *found = NULL;
    if (items != NULL && reader.at == start + PyUnicode_GET_LENGTH(text) + 1)
        found = PyList_AsTuple(items);
    Py_XDECREF(items);
    if (found != NULL)
        return found;
    PyErr_Clear();
    Py_RETURN_NONE;
}
