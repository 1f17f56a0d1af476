/* Cuts bytes into the frames that framing.py describes. */

#include "trace.h"

#define VERSION 1
#define HEADER 12
#define MAX_BODY 16000000

static unsigned long number_at(const unsigned char *place)
{
    return place[0] | (unsigned long)place[1] << 8 | (unsigned long)place[2] << 16 | (unsigned long)place[3] << 24;
}

/* The frames at the beginning of the bytes, and how many bytes they are; what is no frame is for Python to name. */
PyObject *split_frames(PyObject *Py_UNUSED(module), PyObject *bytes)
{
    Py_buffer view;
    PyObject *found = PyList_New(0);
    if (found == NULL || PyObject_GetBuffer(bytes, &view, PyBUF_SIMPLE) < 0) {
        Py_XDECREF(found);
        return NULL;
    }
    const unsigned char *data = view.buf, *end = data + view.len;
    while (found != NULL && end - data >= HEADER && memcmp(data, "CR", 2) == 0 && data[2] == VERSION) {
        unsigned long size = number_at(data + 8);
        if (size > MAX_BODY || (unsigned long)(end - data) < HEADER + size)
            break;
        PyObject *frame = Py_BuildValue("iky#", data[3], number_at(data + 4), data + HEADER, (Py_ssize_t)size);
        if (frame == NULL || PyList_Append(found, frame) < 0)
            Py_CLEAR(found);
        Py_XDECREF(frame);
        data += HEADER + size;
    }
    Py_ssize_t used = data - (const unsigned char *)view.buf;
    PyBuffer_Release(&view);
    return found ? Py_BuildValue("Nn", found, used) : NULL;
}
