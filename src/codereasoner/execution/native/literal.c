/* The literals of literals/write.py, for the values that are met most: what this file does not write, Python does.

   Exact built-in types only, and the garbage collector is off meanwhile, so no code of the program runs. A value is written here only where write.py would write
   the same characters; the accounts of `room` are kept as there. */

#include "trace.h"

#define MAX_DEPTH 60

int grow(void **data, Py_ssize_t *room, Py_ssize_t wanted, size_t each)
{
    if (wanted <= *room)
        return 0;
    Py_ssize_t more = *room * 2 > wanted ? *room * 2 : wanted + 16;
    void *moved = (size_t)more > PY_SSIZE_T_MAX / each ? NULL : PyMem_Realloc(*data, (size_t)more * each);
    if (moved == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *data = moved;
    *room = more;
    return 0;
}

int text_int(Text *text, long long number)
{
    char digits[24], *end = digits + sizeof digits, *place = end;
    unsigned long long left = number < 0 ? -(unsigned long long)number : (unsigned long long)number;
    do {
        *--place = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (number < 0)
        *--place = '-';
    return text_add(text, place, end - place);
}

static int text_code_point(Text *text, Py_UCS4 point)
{
    char bytes[4];
    int size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int place = size - 1; place > 0; place--, point >>= 6)
        bytes[place] = (char)(0x80 | (point & 0x3f));
    bytes[0] = (char)(first[size] | point);
    return text_add(text, bytes, size);
}

int text_unicode(Text *text, PyObject *unicode)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(unicode);
    if (PyUnicode_IS_ASCII(unicode))
        return text_add(text, PyUnicode_DATA(unicode), size);
    for (Py_ssize_t place = 0; place < size; place++)
        if (text_code_point(text, PyUnicode_READ_CHAR(unicode, place)) < 0)
            return -1;
    return 0;
}

Py_ssize_t text_characters(const char *utf8, Py_ssize_t size)
{
    Py_ssize_t count = 0;
    for (Py_ssize_t place = 0; place < size; place++)
        count += ((unsigned char)utf8[place] & 0xc0) != 0x80;
    return count;
}

static int json_escape(Text *text, unsigned point)
{
    char bytes[16];
    const char *plain = "\"\"\\\\\nn\rr\tt\ff\bb";
    for (; *plain; plain += 2)
        if ((unsigned)plain[0] == point) {
            bytes[0] = '\\';
            bytes[1] = plain[1];
            return text_add(text, bytes, 2);
        }
    snprintf(bytes, sizeof bytes, "\\u%04x", point);
    return text_add(text, bytes, 6);
}

int text_json(Text *text, const char *utf8, Py_ssize_t size)
{
    const unsigned char *from = (const unsigned char *)utf8, *end = from + size;
    if (text_add(text, "\"", 1) < 0)
        return -1;
    while (from < end) {
        const unsigned char *start = from;
        while (from < end && *from >= ' ' && *from < 0x7f && *from != '"' && *from != '\\')
            from++;
        if (from > start && text_add(text, (const char *)start, from - start) < 0)
            return -1;
        if (from == end)
            break;
        unsigned point = *from++;
        if (point >= 0x80) {
            int rest = point >= 0xf0 ? 3 : point >= 0xe0 ? 2 : 1;
            point &= 0x3fu >> rest;
            while (rest--)
                point = point << 6 | (*from++ & 0x3f);
        }
        if (point >= 0x10000) {
            if (json_escape(text, 0xd800 + ((point - 0x10000) >> 10)) < 0)
                return -1;
            point = 0xdc00 + ((point - 0x10000) & 0x3ff);
        }
        if (json_escape(text, point) < 0)
            return -1;
    }
    return text_add(text, "\"", 1);
}

int text_json_unicode(Text *text, Text *scratch, PyObject *unicode)
{
    scratch->size = 0;
    return text_unicode(scratch, unicode) < 0 ? -1 : text_json(text, scratch->data, scratch->size);
}

void text_free(Text *text)
{
    PyMem_Free(text->data);
    memset(text, 0, sizeof *text);
}

/* ---- literals: each function gives 1, 0 or -1, as write_literal does, but may leave a part behind */

static int write_value(Text *to, PyObject *value, int depth, Py_ssize_t *room);

bool is_atom(PyObject *value)
{
    return value == Py_None || PyLong_CheckExact(value) || PyUnicode_CheckExact(value) || PyBool_Check(value) ||
           PyFloat_CheckExact(value) || PyBytes_CheckExact(value);
}

static int add(Text *to, const char *data, Py_ssize_t size)
{
    return text_add(to, data, size) < 0 ? -1 : 1;
}

static int write_repr(Text *to, PyObject *value)
{
    PyObject *text = PyObject_Repr(value);
    if (text == NULL)
        return -1;
    int done = text_unicode(to, text);
    Py_DECREF(text);
    return done < 0 ? -1 : 1;
}

static int write_int(Text *to, PyObject *value, Py_ssize_t room)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow || room < 20)
        return 0;
    return text_int(to, number) < 0 ? -1 : 1;
}

static int write_float(Text *to, double number)
{
    char *text = PyOS_double_to_string(number, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (text == NULL)
        return -1;
    Py_ssize_t size = (Py_ssize_t)strlen(text);
    bool plain = text[size - 1] >= '0' && text[size - 1] <= '9';
    int done = plain ? 0 : text_add(to, "float('", 7);
    if (done == 0)
        done = text_add(to, text, size);
    if (done == 0 && !plain)
        done = text_add(to, "')", 2);
    PyMem_Free(text);
    return done < 0 ? -1 : 1;
}

static int write_str(Text *to, PyObject *value)
{
    if (PyUnicode_IS_ASCII(value)) {
        const char *data = PyUnicode_DATA(value);
        Py_ssize_t size = PyUnicode_GET_LENGTH(value), place = 0;
        while (place < size && data[place] >= ' ' && data[place] < 0x7f && data[place] != '\'' && data[place] != '\\')
            place++;
        if (place == size)
            return text_add(to, "'", 1) < 0 || text_add(to, data, size) < 0 ? -1 : add(to, "'", 1);
    }
    return write_repr(to, value);
}

static int write_sequence(Text *to, PyObject *value, int depth, Py_ssize_t *room)
{
    bool list = PyList_CheckExact(value);
    Py_ssize_t size = Py_SIZE(value);
    if (text_add(to, list ? "[" : "(", 1) < 0)
        return -1;
    for (Py_ssize_t place = 0; place < Py_SIZE(value); place++) {
        PyObject *item = Py_NewRef(list ? PyList_GET_ITEM(value, place) : PyTuple_GET_ITEM(value, place));
        int done = place ? add(to, ", ", 2) : 1;
        if (done == 1)
            done = write_value(to, item, depth, room);
        Py_DECREF(item);
        if (done < 1)
            return done;
    }
    *room -= 2 * size;
    return list ? add(to, "]", 1) : add(to, ",)" + (size != 1), 1 + (size == 1));
}

static int write_dict(Text *to, PyObject *value, int depth, Py_ssize_t *room)
{
    PyObject *key, *item;
    Py_ssize_t place = 0, start = to->size + 1;
    *room -= 4 * PyDict_GET_SIZE(value);
    if (text_add(to, "{", 1) < 0)
        return -1;
    while (PyDict_Next(value, &place, &key, &item)) {
        Py_INCREF(key);
        Py_INCREF(item);
        int done = to->size > start ? add(to, ", ", 2) : 1;
        if (done == 1)
            done = write_value(to, key, depth, room);
        if (done == 1)
            done = add(to, ": ", 2);
        if (done == 1)
            done = write_value(to, item, depth, room);
        Py_DECREF(key);
        Py_DECREF(item);
        if (done < 1)
            return done;
    }
    return add(to, "}", 1);
}

/* A member of a set: integers come first and by size, the rest by text. UTF-8 sorts as code points do. */
typedef struct {
    bool is_int;
    long long number;
    Py_ssize_t at, size;
    const char *text;
} Member;

static int compare_members(const void *first, const void *second)
{
    const Member *one = first, *other = second;
    if (one->is_int != other->is_int)
        return one->is_int ? -1 : 1;
    if (one->is_int)
        return one->number < other->number ? -1 : one->number > other->number;
    Py_ssize_t common = one->size < other->size ? one->size : other->size;
    int order = memcmp(one->text, other->text, (size_t)common);
    return order ? order : one->size < other->size ? -1 : one->size > other->size;
}

static int write_members(Text *texts, Member *members, Py_ssize_t size, PyObject *value, int depth, Py_ssize_t *room)
{
    PyObject *iterator = PyObject_GetIter(value), *item;
    int done = iterator == NULL ? -1 : 1;
    for (Py_ssize_t count = 0; done == 1 && count < size && (item = PyIter_Next(iterator)) != NULL; count++) {
        members[count].at = texts->size;
        members[count].is_int = PyLong_CheckExact(item);
        done = write_value(texts, item, depth, room);
        members[count].size = texts->size - members[count].at;
        if (done == 1 && members[count].is_int)
            members[count].number = PyLong_AsLongLong(item);
        Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    return PyErr_Occurred() ? -1 : done;
}

static int write_set(Text *to, PyObject *value, int depth, Py_ssize_t *room)
{
    Py_ssize_t size = PySet_GET_SIZE(value);
    bool frozen = PyFrozenSet_CheckExact(value);
    if (size == 0)
        return frozen ? add(to, "frozenset()", 11) : add(to, "set()", 5);
    Text texts = {0};
    Member *members = PyMem_Calloc((size_t)size, sizeof *members);
    int done = members == NULL ? (PyErr_NoMemory(), -1) : write_members(&texts, members, size, value, depth, room);
    *room -= 2 * size;
    if (done == 1) {
        for (Py_ssize_t place = 0; place < size; place++)
            members[place].text = texts.data + members[place].at;
        qsort(members, (size_t)size, sizeof *members, compare_members);
        done = frozen ? add(to, "frozenset({", 11) : add(to, "{", 1);
        for (Py_ssize_t place = 0; done == 1 && place < size; place++)
            if ((place && text_add(to, ", ", 2) < 0) || text_add(to, members[place].text, members[place].size) < 0)
                done = -1;
        if (done == 1)
            done = frozen ? add(to, "})", 2) : add(to, "}", 1);
    }
    PyMem_Free(members);
    text_free(&texts);
    return done;
}

static int write_atom(Text *to, PyObject *value, Py_ssize_t *room)
{
    int done;
    Py_ssize_t start = to->size;
    if (PyLong_CheckExact(value))
        done = write_int(to, value, *room);
    else if (PyUnicode_CheckExact(value))
        done = PyUnicode_GET_LENGTH(value) > *room ? 0 : write_str(to, value);
    else if (value == Py_None)
        done = add(to, "None", 4);
    else if (PyBool_Check(value))
        done = value == Py_True ? add(to, "True", 4) : add(to, "False", 5);
    else if (PyFloat_CheckExact(value))
        done = write_float(to, PyFloat_AS_DOUBLE(value));
    else
        done = PyBytes_GET_SIZE(value) > *room ? 0 : write_repr(to, value);
    if (done == 1) {
        *room -= text_characters(to->data + start, to->size - start);
        if (*room < 0)
            return 0;
    }
    return done;
}

static int write_value(Text *to, PyObject *value, int depth, Py_ssize_t *room)
{
    if (is_atom(value))
        return write_atom(to, value, room);
    if (depth == 0)
        return 0;
    if (PyList_CheckExact(value) || PyTuple_CheckExact(value))
        return Py_SIZE(value) > *room ? 0 : write_sequence(to, value, depth - 1, room);
    if (PyDict_CheckExact(value))
        return PyDict_GET_SIZE(value) > *room ? 0 : write_dict(to, value, depth - 1, room);
    if (PySet_CheckExact(value) || PyFrozenSet_CheckExact(value))
        return PySet_GET_SIZE(value) > *room ? 0 : write_set(to, value, depth - 1, room);
    return 0;
}

int write_literal(Text *to, PyObject *value, Py_ssize_t max_chars)
{
    Py_ssize_t start = to->size, room = max_chars;
    int collects = PyGC_Disable();
    int done = write_value(to, value, MAX_DEPTH, &room);
    if (collects)
        PyGC_Enable();
    if (done == 1 && text_characters(to->data + start, to->size - start) > max_chars)
        done = 0;
    if (done < 1)
        to->size = start;
    return done;
}
