/* The arguments of a call that are plain literals, read without the compiler, which takes ten times as long.

   What stands here is what evaluating the text would give: equal constants of one call are one object, as the compiler
   makes them, and containers are new. Whatever is not a number, a string without escapes, True, False, None, or a list,
   a tuple or a dict of such is left to the compiler, and so are all texts that are no arguments. */

#include "trace.h"

#define MAX_NESTED 20
#define MAX_DIGITS 18
#define MAX_STACK 30 /* items that the compiler pushes before it makes the list; longer ones are appended to */

typedef struct {
    const char *at, *end;
    PyObject *seen; /* the constants so far; an int and a string by itself, a float and a tuple by its bytes */
    int depth;
} Reader;

static PyObject *read_value(Reader *reader, bool *constant);

static char next(Reader *reader)
{
    while (reader->at < reader->end && *reader->at == ' ')
        reader->at++;
    return reader->at < reader->end ? *reader->at : 0;
}

static bool in_word(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_';
}

static bool is_digit(const Reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

/* The first constant that was equal to this one, in its place. Takes both references. */
static PyObject *same(Reader *reader, PyObject *key, PyObject *value)
{
    PyObject *first = key && value ? PyDict_SetDefault(reader->seen, key, value) : NULL;
    Py_XINCREF(first);
    Py_XDECREF(key);
    Py_XDECREF(value);
    return first;
}

static PyObject *same_bytes(Reader *reader, char kind, const void *data, Py_ssize_t size, PyObject *value)
{
    PyObject *key = PyBytes_FromStringAndSize(NULL, size + 1);
    if (key != NULL) {
        PyBytes_AS_STRING(key)[0] = kind;
        memcpy(PyBytes_AS_STRING(key) + 1, data, (size_t)size);
    }
    return same(reader, key, value);
}

/* ---- atoms */

static PyObject *read_float(Reader *reader, const char *start)
{
    char digits[2 * MAX_DIGITS];
    reader->at++;
    const char *point = reader->at;
    while (is_digit(reader))
        reader->at++;
    Py_ssize_t size = reader->at - start;
    if (reader->at == point || size >= (Py_ssize_t)sizeof digits)
        return NULL;
    memcpy(digits, start, (size_t)size);
    digits[size] = 0;
    double number = PyOS_string_to_double(digits, NULL, NULL);
    if (PyErr_Occurred())
        return NULL;
    return same_bytes(reader, 'f', &number, sizeof number, PyFloat_FromDouble(number));
}

static PyObject *read_number(Reader *reader)
{
    const char *start = reader->at;
    bool negative = *start == '-';
    reader->at += negative;
    const char *first = reader->at;
    long long number = 0;
    for (; is_digit(reader) && reader->at - first < MAX_DIGITS; reader->at++)
        number = number * 10 + (*reader->at - '0');
    Py_ssize_t digits = reader->at - first;
    if (digits == 0 || is_digit(reader))
        return NULL;
    if (reader->at < reader->end && *reader->at == '.')
        return read_float(reader, start);
    if (*first == '0' && digits > 1)
        return NULL;
    PyObject *value = PyLong_FromLongLong(negative ? -number : number);
    return same(reader, Py_XNewRef(value), value);
}

static PyObject *read_string(Reader *reader)
{
    char quote = *reader->at++;
    const char *start = reader->at;
    bool name = true;
    for (; reader->at < reader->end && *reader->at != quote; reader->at++) {
        if (*reader->at == '\\' || *reader->at < ' ' || *reader->at > '~')
            return NULL;
        name = name && in_word(*reader->at);
    }
    Py_ssize_t size = reader->at - start;
    if (reader->at == reader->end)
        return NULL;
    reader->at++;
    if (size == 0 && reader->at < reader->end && *reader->at == quote)
        return NULL; /* three quotes */
    PyObject *value = PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, start, size);
    if (value == NULL || !name)
        return same(reader, Py_XNewRef(value), value);
    PyUnicode_InternInPlace(&value);
    return value;
}

static PyObject *read_word(Reader *reader)
{
    static const char *words[] = {"True", "False", "None"};
    PyObject *values[] = {Py_True, Py_False, Py_None};
    const char *start = reader->at;
    while (reader->at < reader->end && in_word(*reader->at))
        reader->at++;
    size_t size = (size_t)(reader->at - start);
    for (int place = 0; place < 3; place++)
        if (size == strlen(words[place]) && memcmp(start, words[place], size) == 0)
            return Py_NewRef(values[place]);
    return NULL;
}

/* ---- containers */

/* Read values up to a closing bracket into a new list. comma: whether the last value had one behind it. */
static PyObject *read_items(Reader *reader, char closing, bool *constant, bool *comma)
{
    PyObject *items = PyList_New(0);
    *constant = *comma = true;
    while (items != NULL && next(reader) != closing) {
        bool plain = true;
        PyObject *value = *comma ? read_value(reader, &plain) : NULL;
        if (value == NULL || PyList_Append(items, value) < 0)
            Py_CLEAR(items);
        Py_XDECREF(value);
        *constant = *constant && plain;
        *comma = items != NULL && next(reader) == ',';
        reader->at += *comma;
    }
    reader->at += items != NULL;
    return items;
}

/* As the compiler makes it, down to the room that it has for more. */
static PyObject *read_list(Reader *reader)
{
    bool constant, comma;
    PyObject *items = read_items(reader, ']', &constant, &comma), *list;
    bool appended = PY_VERSION_HEX >= 0x030e0000 || !constant; /* until 3.14 constants become one tuple before */
    if (items == NULL || (appended && PyList_GET_SIZE(items) > MAX_STACK))
        return items;
    PyObject *tuple = PyList_AsTuple(items);
    Py_ssize_t size = PyList_GET_SIZE(items);
    Py_DECREF(items);
    if (tuple == NULL)
        return NULL;
    if (constant && size > 2)
        list = PySequence_List(tuple);
    else if ((list = PyList_New(size)) != NULL)
        for (Py_ssize_t place = 0; place < size; place++)
            PyList_SET_ITEM(list, place, Py_NewRef(PyTuple_GET_ITEM(tuple, place)));
    Py_DECREF(tuple);
    return list;
}

/* A tuple, or what stands in brackets. */
static PyObject *read_tuple(Reader *reader, bool *constant)
{
    bool comma;
    PyObject *items = read_items(reader, ')', constant, &comma);
    if (items == NULL)
        return NULL;
    Py_ssize_t size = PyList_GET_SIZE(items);
    PyObject *value = size == 1 && !comma ? Py_NewRef(PyList_GET_ITEM(items, 0)) : PyList_AsTuple(items);
    Py_DECREF(items);
    if (value == NULL || !*constant || size == 0 || (size == 1 && !comma))
        return value;
    return same_bytes(reader, 't', &PyTuple_GET_ITEM(value, 0), size * (Py_ssize_t)sizeof(PyObject *), value);
}

static PyObject *read_dict(Reader *reader)
{
    PyObject *dict = PyDict_New();
    bool comma = true, constant;
    while (dict != NULL && next(reader) != '}') {
        PyObject *key = comma ? read_value(reader, &constant) : NULL, *value = NULL;
        if (key != NULL && next(reader) == ':') {
            reader->at++;
            value = read_value(reader, &constant);
        }
        if (value == NULL || PyDict_SetItem(dict, key, value) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(value);
        comma = dict != NULL && next(reader) == ',';
        reader->at += comma;
    }
    reader->at += dict != NULL;
    return dict;
}

/* The value that begins here; NULL, with or without an exception, where it is none of ours. */
static PyObject *read_value(Reader *reader, bool *constant)
{
    PyObject *value;
    char letter = next(reader);
    *constant = letter != '[' && letter != '{';
    if (letter == '\'' || letter == '"')
        return read_string(reader);
    if (letter == '-' || (letter >= '0' && letter <= '9'))
        value = read_number(reader);
    else if (*constant && letter != '(')
        value = read_word(reader);
    else if (reader->depth == 0)
        return NULL;
    else {
        reader->at++;
        reader->depth--;
        value = letter == '[' ? read_list(reader) : letter == '(' ? read_tuple(reader, constant) : read_dict(reader);
        reader->depth++;
        return value;
    }
    if (reader->at < reader->end && (in_word(*reader->at) || *reader->at == '.'))
        Py_CLEAR(value);
    return value;
}

PyObject *read_arguments(PyObject *Py_UNUSED(module), PyObject *text)
{
    if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_ASCII(text))
        Py_RETURN_NONE;
    const char *start = PyUnicode_DATA(text);
    Reader reader = {start, start + PyUnicode_GET_LENGTH(text), PyDict_New(), MAX_NESTED};
    PyObject *found = PyDict_New();
    bool comma = true, constant;
    char name[24];
    for (int number = 0; found != NULL && next(&reader) != 0; number++) {
        PyObject *value = reader.seen && comma ? read_value(&reader, &constant) : NULL;
        snprintf(name, sizeof name, ".%d", number);
        if (value == NULL || PyDict_SetItemString(found, name, value) < 0)
            Py_CLEAR(found);
        Py_XDECREF(value);
        comma = next(&reader) == ',';
        reader.at += comma;
    }
    Py_XDECREF(reader.seen);
    if (found != NULL && reader.at == reader.end)
        return found;
    Py_XDECREF(found);
    PyErr_Clear();
    Py_RETURN_NONE;
}
