/* An answer as encode.py writes it, read strictly: the pool's side, beside decode.py.

   Only the very bytes that a worker writes are read here; whatever differs, be it by a space, is left to Python, which
   reads any JSON and says what is wrong with it. So both accept the same answers and make the same runs of them. */

#include "trace.h"

#define MAX_NUMBER 0x7fffffff
#define NAMES 64 /* names that are remembered, a power of two: most are met again and again */

typedef struct {
    const char *at, *end;
    PyTypeObject *kind; /* Step */
    Py_ssize_t most;    /* of them */
    long last_line;     /* of the program */
    PyObject *names[NAMES];
} Reader;

static PyObject *fields[6], *events[256], *no_text, *dict_name, *nothing;

static int prepare(void)
{
    static const char *names[] = {"event", "frame", "line", "changes", "removed", "value"};
    static const char *kinds[] = {"call", "line", "return", "yield", "exception"};
    if (nothing != NULL)
        return 0;
    for (int place = 0; place < 6; place++)
        if ((fields[place] = PyUnicode_InternFromString(names[place])) == NULL)
            return -1;
    for (int place = 0; place < 5; place++)
        if ((events[(unsigned char)kinds[place][0]] = PyUnicode_InternFromString(kinds[place])) == NULL)
            return -1;
    if ((no_text = PyUnicode_InternFromString("")) == NULL ||
        (dict_name = PyUnicode_InternFromString("__dict__")) == NULL)
        return -1;
    nothing = PyTuple_New(0);
    return nothing ? 0 : -1;
}

/* ---- the parts of JSON; false or NULL where there is something else */

static bool skip(Reader *reader, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, text, size) != 0)
        return false;
    reader->at += size;
    return true;
}

static bool read_number(Reader *reader, long long *number)
{
    const char *start = reader->at;
    for (*number = 0; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        *number = *number * 10 + (*reader->at - '0');
        if (*number > MAX_NUMBER)
            return false;
    }
    return reader->at > start && (*start != '0' || reader->at == start + 1);
}

static int hex_digit(char letter)
{
    return letter >= '0' && letter <= '9' ? letter - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The code unit of `\uXXXX` at this place; -1 where there is none. */
static int code_unit(const char *at, const char *end)
{
    int unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int place = 2; place < 6; place++) {
        int digit = hex_digit(at[place]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* One character behind a backslash; a pair of surrogates is one. -1 where there is none. */
static long read_escape(Reader *reader)
{
    const char *plain = "\"\"\\\\n\nr\rt\tf\fb\b";
    if (reader->end - reader->at < 2)
        return -1;
    for (; *plain; plain += 2)
        if (plain[0] == reader->at[1]) {
            reader->at += 2;
            return (unsigned char)plain[1];
        }
    int high = code_unit(reader->at, reader->end), low;
    if (high < 0)
        return -1;
    reader->at += 6;
    if (high < 0xd800 || high > 0xdbff || (low = code_unit(reader->at, reader->end)) < 0xdc00 || low > 0xdfff)
        return high;
    reader->at += 6;
    return 0x10000L + ((long)(high - 0xd800) << 10) + (low - 0xdc00);
}

/* The string with escapes that begins here, behind its quote. */
static PyObject *read_escaped(Reader *reader)
{
    Py_ssize_t room = 0, size = 0;
    Py_UCS4 *points = NULL;
    PyObject *text = NULL;
    bool whole = true;
    while (reader->at < reader->end && *reader->at != '"') {
        long point = *reader->at == '\\' ? read_escape(reader) : *reader->at++;
        whole = point >= 0 && grow((void **)&points, &room, size + 1, sizeof *points) == 0;
        if (!whole)
            break;
        points[size++] = (Py_UCS4)point;
    }
    if (whole && skip(reader, "\""))
        text = PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, points, size);
    PyMem_Free(points);
    return text;
}

static PyObject *read_string(Reader *reader)
{
    if (!skip(reader, "\""))
        return NULL;
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\')
        reader->at++;
    if (reader->at == reader->end)
        return NULL;
    if (*reader->at == '\\') {
        reader->at = start;
        return read_escaped(reader);
    }
    Py_ssize_t size = reader->at++ - start;
    if (size == 0)
        return Py_NewRef(no_text);
    return PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, start, size);
}

/* A string that is likely to have been read before. */
static PyObject *read_name(Reader *reader)
{
    const char *start = reader->at + 1, *end = start;
    while (end < reader->end && *end != '"' && *end != '\\')
        end++;
    Py_ssize_t size = end - start;
    if (size <= 0 || end == reader->end || *end == '\\')
        return read_string(reader);
    PyObject **place = &reader->names[((unsigned char)start[0] * 31 + (unsigned char)end[-1] * 7 + size) & (NAMES - 1)];
    if (*place != NULL && PyUnicode_GET_LENGTH(*place) == size && *reader->at == '"' &&
        memcmp(PyUnicode_DATA(*place), start, (size_t)size) == 0) {
        reader->at = end + 1;
        return Py_NewRef(*place);
    }
    PyObject *name = read_string(reader);
    if (name != NULL && PyUnicode_IS_ASCII(name)) {
        Py_XDECREF(*place);
        *place = Py_NewRef(name);
    }
    return name;
}

static PyObject *read_float(Reader *reader)
{
    char digits[32];
    size_t size = 0;
    int points = 0;
    for (; reader->at < reader->end && size < sizeof digits - 1; reader->at++) {
        points += *reader->at == '.';
        if (*reader->at != '.' && (*reader->at < '0' || *reader->at > '9'))
            break;
        digits[size++] = *reader->at;
    }
    digits[size] = 0;
    if (points != 1 || digits[0] == '.' || digits[size - 1] == '.' || (digits[0] == '0' && digits[1] != '.'))
        return NULL;
    double number = PyOS_string_to_double(digits, NULL, NULL);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(number);
}

static PyObject *read_integer(Reader *reader)
{
    long long number;
    return read_number(reader, &number) ? PyLong_FromLongLong(number) : NULL;
}

/* The names and texts of an object. */
static PyObject *read_changes(Reader *reader)
{
    PyObject *changes = skip(reader, "{") ? PyDict_New() : NULL;
    for (bool first = true; changes != NULL && !skip(reader, "}"); first = false) {
        PyObject *name = first || skip(reader, ", ") ? read_name(reader) : NULL;
        PyObject *text = name != NULL && skip(reader, ": ") ? read_string(reader) : NULL;
        if (text == NULL || PyDict_SetItem(changes, name, text) < 0)
            Py_CLEAR(changes);
        Py_XDECREF(name);
        Py_XDECREF(text);
    }
    return changes;
}

/* A list of what `read` reads, as a tuple. */
static PyObject *read_tuple(Reader *reader, PyObject *(*read)(Reader *))
{
    PyObject *items = skip(reader, "[") ? PyList_New(0) : NULL, *tuple = NULL;
    for (bool first = true; items != NULL && !skip(reader, "]"); first = false) {
        PyObject *item = first || skip(reader, ", ") ? read(reader) : NULL;
        if (item == NULL || PyList_Append(items, item) < 0)
            Py_CLEAR(items);
        Py_XDECREF(item);
    }
    if (items != NULL)
        tuple = PyList_AsTuple(items);
    Py_XDECREF(items);
    return tuple;
}

/* ---- steps */

typedef struct {
    const char *events;
    PyObject *frames, *lines, *values, *changes, *removed; /* removed: pairs of number and names, in a list */
} Columns;

/* The pair `[number, [name, ...]]` as a tuple. */
static PyObject *read_removed(Reader *reader)
{
    PyObject *number = skip(reader, "[") ? read_integer(reader) : NULL;
    PyObject *names = number != NULL && skip(reader, ", ") ? read_tuple(reader, read_name) : NULL;
    PyObject *pair = names != NULL && skip(reader, "]") ? PyTuple_Pack(2, number, names) : NULL;
    Py_XDECREF(number);
    Py_XDECREF(names);
    return pair;
}

/* False where there are more steps than a tracer records: they would take much memory. */
static bool read_columns(Reader *reader, Columns *columns, Py_ssize_t *count)
{
    Py_ssize_t lines = 0;
    if (!skip(reader, "[\""))
        return false;
    columns->events = reader->at;
    for (; reader->at < reader->end && events[(unsigned char)*reader->at] != NULL; reader->at++)
        lines += *reader->at == 'l';
    *count = reader->at - columns->events;
    if (*count == 0 || *count > reader->most || !skip(reader, "\", ") ||
        !(columns->frames = read_tuple(reader, read_integer)) || !skip(reader, ", ") ||
        !(columns->lines = read_tuple(reader, read_integer)) || !skip(reader, ", ") ||
        !(columns->values = read_tuple(reader, read_name)) || !skip(reader, ", ") ||
        !(columns->changes = read_tuple(reader, read_changes)) || !skip(reader, ", ") ||
        !(columns->removed = read_tuple(reader, read_removed)) || !skip(reader, "]"))
        return false;
    return PyTuple_GET_SIZE(columns->frames) == *count && PyTuple_GET_SIZE(columns->lines) == *count &&
           PyTuple_GET_SIZE(columns->values) == *count - lines && PyTuple_GET_SIZE(columns->changes) == *count;
}

/* Whether each frame begins with a call, when all before it have begun, and the program has these lines. */
static bool can_be_traced(const Reader *reader, const Columns *columns, Py_ssize_t count)
{
    long begun = 0;
    for (Py_ssize_t number = 0; number < count; number++) {
        long frame = PyLong_AsLong(PyTuple_GET_ITEM(columns->frames, number));
        if (frame > begun || (frame == begun && columns->events[number] != 'c') ||
            PyLong_AsLong(PyTuple_GET_ITEM(columns->lines, number)) > reader->last_line)
            return false;
        begun += frame == begun;
    }
    return true;
}

/* A Step with these fields. Its own constructor would take ten times as long, and the garbage collector need not look at
   what can be in no cycle. */
static PyObject *make_step(PyTypeObject *kind, PyObject *const values[6])
{
    PyObject *step = PyBaseObject_Type.tp_new(kind, nothing, NULL);
    for (int place = 0; step != NULL && place < 6; place++)
        if (PyObject_GenericSetAttr(step, fields[place], values[place]) < 0)
            Py_CLEAR(step);
    if (step != NULL)
        PyObject_GC_UnTrack(step);
    return step;
}

static PyObject *make_steps(PyTypeObject *kind, const Columns *columns, Py_ssize_t count)
{
    PyObject *steps = PyTuple_New(count);
    Py_ssize_t value = 0, gone = 0;
    for (Py_ssize_t number = 0; steps != NULL && number < count; number++) {
        unsigned char event = (unsigned char)columns->events[number];
        PyObject *removed = nothing;
        if (gone < PyTuple_GET_SIZE(columns->removed)) {
            PyObject *pair = PyTuple_GET_ITEM(columns->removed, gone);
            if (PyLong_AsLong(PyTuple_GET_ITEM(pair, 0)) == number) {
                removed = PyTuple_GET_ITEM(pair, 1);
                gone++;
            }
        }
        PyObject *step = make_step(kind, (PyObject *[]){
            events[event], PyTuple_GET_ITEM(columns->frames, number), PyTuple_GET_ITEM(columns->lines, number),
            PyTuple_GET_ITEM(columns->changes, number), removed,
            event == 'l' ? no_text : PyTuple_GET_ITEM(columns->values, value++)});
        if (step == NULL)
            Py_CLEAR(steps);
        else
            PyTuple_SET_ITEM(steps, number, step);
    }
    if (steps != NULL && gone < PyTuple_GET_SIZE(columns->removed))
        Py_CLEAR(steps); /* numbers out of order */
    if (steps != NULL)
        PyObject_GC_UnTrack(steps);
    return steps;
}

static PyObject *read_steps(Reader *reader)
{
    if (skip(reader, "[]"))
        return Py_NewRef(nothing);
    Columns columns = {0};
    Py_ssize_t count;
    PyObject *steps = NULL;
    if (read_columns(reader, &columns, &count) && can_be_traced(reader, &columns, count))
        steps = make_steps(reader->kind, &columns, count);
    Py_XDECREF(columns.frames);
    Py_XDECREF(columns.lines);
    Py_XDECREF(columns.values);
    Py_XDECREF(columns.changes);
    Py_XDECREF(columns.removed);
    return steps;
}

/* ---- the answer */

static PyObject *read_value(Reader *reader)
{
    return skip(reader, "null") ? Py_NewRef(Py_None) : read_string(reader);
}

static PyObject *read_lines(Reader *reader)
{
    PyObject *lines = skip(reader, "[]") ? Py_NewRef(nothing) : read_tuple(reader, read_integer);
    if (lines != NULL && lines != nothing) {
        PyObject_GC_UnTrack(lines);
        for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(lines); place++)
            if (PyLong_AsLong(PyTuple_GET_ITEM(lines, place)) > reader->last_line) {
                Py_DECREF(lines);
                return NULL;
            }
    }
    return lines;
}

PyObject *read_answer(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    static PyObject *(*const parts[])(Reader *) = {read_name,  read_value, read_string, read_string, read_steps,
                                                   read_lines, read_name,  read_string, read_float};
    Reader reader = {0};
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "y#O!nl", &reader.at, &size, &PyType_Type, &reader.kind, &reader.most,
                          &reader.last_line) ||
        prepare() < 0)
        return NULL;
    reader.end = reader.at + size;
    for (const char *place = reader.at; place < reader.end; place++)
        if (*place < ' ' || *place > '~')
            Py_RETURN_NONE;
    PyObject *found = PyTuple_New(9);
    for (int place = 0; found != NULL && place < 9; place++) {
        PyObject *part = skip(&reader, place ? ", " : "[") ? parts[place](&reader) : NULL;
        if (part == NULL)
            Py_CLEAR(found);
        else
            PyTuple_SET_ITEM(found, place, part);
    }
    for (int place = 0; place < NAMES; place++)
        Py_XDECREF(reader.names[place]);
    if (found != NULL && skip(&reader, "]") && reader.at == reader.end)
        return found;
    Py_XDECREF(found);
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_MemoryError))
        PyErr_Clear();
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* Its constructor would set one frozen field after another. */
PyObject *make(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyTypeObject *kind;
    PyObject *dict;
    if (!PyArg_ParseTuple(arguments, "O!O!", &PyType_Type, &kind, &PyDict_Type, &dict))
        return NULL;
    PyObject *made = prepare() < 0 ? NULL : PyBaseObject_Type.tp_new(kind, nothing, NULL);
    if (made != NULL && PyObject_GenericSetAttr(made, dict_name, dict) < 0)
        Py_CLEAR(made);
    if (made != NULL)
        PyObject_GC_UnTrack(made);
    return made;
}
