/* The Python type: borrows the tensors, cleans the rows, calls the family and the output. */
#include "model.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define BATCH_BYTES ((size_t)8 << 20) /* most work space of a batch, where one block of rows allows it */

int model_refuse(const char *reason) {
    PyErr_SetString(PyExc_ValueError, reason);
    return -1;
}

void *model_allocate(Model *model, size_t count, size_t size) {
    void **memory = PyMem_Realloc(model->memory, ((size_t)model->n_memory + 1) * sizeof *memory);
    if (memory) model->memory = memory;
    void *block = memory ? PyMem_Calloc(count ? count : 1, size) : NULL;
    if (!block) return PyErr_NoMemory();
    return model->memory[model->n_memory++] = block;
}

/* Return the items of an object with the buffer interface, kept until the model goes; copied where they do not lie
 * as the processor wants them. */
const void *model_borrow(Model *model, PyObject *object, char format, Py_ssize_t *count) {
    Py_buffer *buffers = PyMem_Realloc(model->buffers, ((size_t)model->n_buffers + 1) * sizeof *buffers);
    if (!buffers) return PyErr_NoMemory();
    model->buffers = buffers;
    Py_buffer *buffer = buffers + model->n_buffers;
    if (PyObject_GetBuffer(object, buffer, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)) return NULL;
    model->n_buffers++;
    if (!buffer->format || buffer->format[0] != format || buffer->format[1]) {
        model_refuse("an array is of the wrong type");
        return NULL;
    }
    *count = buffer->len / buffer->itemsize;
    if ((uintptr_t)buffer->buf % 8 == 0) return buffer->buf;
    void *copy = model_allocate(model, (size_t)buffer->len, 1);
    return copy ? memcpy(copy, buffer->buf, (size_t)buffer->len) : NULL;
}

const void *model_borrow_exactly(Model *model, PyObject *object, char format, Py_ssize_t count) {
    Py_ssize_t found;
    const void *items = model_borrow(model, object, format, &found);
    if (items && found != count) {
        model_refuse("an array is of the wrong size");
        return NULL;
    }
    return items;
}

/* Scale and round rows in place; say of how many, from the first, every number is one that the model takes. */
WIDE static Py_ssize_t clean(const Model *model, double *rows, Py_ssize_t n_rows) {
    Py_ssize_t n = model->n_features, size = n_rows * n;
    int64_t bad = 0;
    if (model->center)
        for (Py_ssize_t row = 0; row < n_rows; row++)
            for (Py_ssize_t i = 0; i < n; i++) rows[row * n + i] = (rows[row * n + i] - model->center[i]) / model->scale[i];
    if (model->single_input || model->single)
        for (Py_ssize_t i = 0; i < size; i++) rows[i] = (double)(float)rows[i];
    if (model->missing)
        for (Py_ssize_t i = 0; i < size; i++) bad |= -(int64_t)(fabs(rows[i]) > DBL_MAX);
    else
        for (Py_ssize_t i = 0; i < size; i++) bad |= -(int64_t)!(fabs(rows[i]) <= DBL_MAX);
    if (!bad) return n_rows;
    for (Py_ssize_t i = 0;; i++)
        if (fabs(rows[i]) > DBL_MAX || (!model->missing && rows[i] != rows[i])) return i / n;
}

/* The work space of a number of rows: rows, scores, variances, what the output needs, what the family needs. */
typedef struct { double *rows, *scores, *variances, *output; void *family; } Space;

static size_t space_size(const Model *model, size_t n_rows) {
    size_t per_row = (size_t)(model->n_features + 2 * model->n_scores) * sizeof(double) + model->work_per_row;
    return n_rows * per_row + output_work(model) * sizeof(double) + model->work;
}

static Space space_cut(const Model *model, size_t n_rows, double *memory) {
    Space space = {.rows = memory};
    space.scores = space.rows + n_rows * (size_t)model->n_features;
    space.variances = space.scores + n_rows * (size_t)model->n_scores;
    space.output = space.variances + n_rows * (size_t)model->n_scores;
    space.family = space.output + output_work(model);
    return space;
}

/* Answer clean rows in a space; result [n_rows] or [n_rows, n_classes]. */
static void answer(const Model *model, const double *rows, Py_ssize_t n_rows, int probabilities, Space space, double *result) {
    Py_ssize_t k = model->n_scores;
    double *variances = output_needs_variances(model, probabilities) ? space.variances : NULL;
    if (model->output == VALUE) { /* the only score is the answer */
        model->scores(model, rows, n_rows, result, NULL, space.family);
        return;
    }
    model->scores(model, rows, n_rows, space.scores, variances, space.family);
    for (Py_ssize_t row = 0; row < n_rows; row++) {
        const double *scores = space.scores + row * k, *variance = space.variances + row * k;
        if (probabilities) output_probabilities(model, scores, variance, result + row * model->n_classes, space.output);
        else result[row] = output_answer(model, scores, variance, space.output);
    }
}

/* Answer rows, which need not be aligned, one block after another, in memory that does not grow with them. Return the
 * index of the first row that is not clean, -1 where all are, -2 where there is no memory. Needs no lock. */
static Py_ssize_t answer_all(const Model *model, const char *rows, Py_ssize_t n_rows, int probabilities, double *result) {
    Py_ssize_t width = probabilities ? model->n_classes : 1, block = model->block, unclean = -1;
    size_t row_size = (size_t)model->n_features * sizeof(double);
    if (block > n_rows) block = n_rows > 0 ? n_rows : 1;
    while (block > 1 && space_size(model, (size_t)block) > BATCH_BYTES) block /= 2;
    double *memory = PyMem_RawMalloc(space_size(model, (size_t)block));
    if (!memory) return -2;
    Space space = space_cut(model, (size_t)block, memory);
    for (Py_ssize_t first = 0; first < n_rows && unclean < 0; first += block) {
        Py_ssize_t count = n_rows - first < block ? n_rows - first : block;
        memcpy(space.rows, rows + (size_t)first * row_size, (size_t)count * row_size);
        Py_ssize_t good = clean(model, space.rows, count);
        if (good < count) unclean = first + good;
        else answer(model, space.rows, count, probabilities, space, result + first * width);
    }
    PyMem_RawFree(memory);
    return unclean;
}

static PyObject *batch(Model *model, PyObject *args, int probabilities) {
    Py_buffer rows, result;
    Py_ssize_t n_rows, unclean, width = probabilities ? model->n_classes : 1;
    if (probabilities && !model->has_probabilities) return model_refuse("it has no probabilities"), NULL;
    if (!PyArg_ParseTuple(args, "y*nw*", &rows, &n_rows, &result)) return NULL;
    int fits = n_rows >= 0 && rows.len % (Py_ssize_t)sizeof(double) == 0
               && n_rows <= PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(double) / (model->n_features > width ? model->n_features : width)
               && rows.len == n_rows * model->n_features * (Py_ssize_t)sizeof(double)
               && result.len == n_rows * width * (Py_ssize_t)sizeof(double)
               && (n_rows == 0 || (uintptr_t)result.buf % sizeof(double) == 0);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        unclean = answer_all(model, rows.buf, n_rows, probabilities, result.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&rows);
    PyBuffer_Release(&result);
    if (!fits) return model_refuse("the rows or the result are of the wrong size"), NULL;
    if (unclean == -2) return PyErr_NoMemory();
    if (unclean >= 0) return PyLong_FromSsize_t(unclean);
    Py_RETURN_NONE;
}

/* Read a Python list or tuple of numbers into the scratch space; 0 where the row is not clean. */
static int take_row(const Model *model, PyObject *row) {
    PyObject **items;
    Py_ssize_t n;
    if (PyList_Check(row)) items = ((PyListObject *)row)->ob_item, n = PyList_GET_SIZE(row);
    else if (PyTuple_Check(row)) items = ((PyTupleObject *)row)->ob_item, n = PyTuple_GET_SIZE(row);
    else return 0;
    if (n != model->n_features) return 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = items[i];
        if (PyFloat_Check(item)) model->scratch[i] = PyFloat_AS_DOUBLE(item);
        else if (item == Py_None) model->scratch[i] = (double)NAN;
        else if (PyLong_Check(item)) {
            double value = PyLong_AsDouble(item);
            if (value == -1.0 && PyErr_Occurred()) return PyErr_Clear(), 0;
            model->scratch[i] = value;
        }
        else return 0;
    }
    return clean(model, model->scratch, 1) == 1;
}

static PyObject *predict(Model *model, PyObject *row) {
    double result;
    if (!take_row(model, row)) Py_RETURN_NONE;
    answer(model, model->scratch, 1, 0, space_cut(model, 1, model->scratch), &result);
    return PyFloat_FromDouble(result);
}

static PyObject *predict_proba(Model *model, PyObject *row) {
    if (!model->has_probabilities || !take_row(model, row)) Py_RETURN_NONE;
    double *result = model->scratch + space_size(model, 1) / sizeof(double);
    answer(model, model->scratch, 1, 1, space_cut(model, 1, model->scratch), result);
    PyObject *list = PyList_New(model->n_classes);
    for (Py_ssize_t i = 0; list && i < model->n_classes; i++) {
        PyObject *item = PyFloat_FromDouble(result[i]);
        if (!item) Py_CLEAR(list);
        else PyList_SET_ITEM(list, i, item);
    }
    return list;
}

static PyObject *predict_into(Model *model, PyObject *args) { return batch(model, args, 0); }
static PyObject *predict_proba_into(Model *model, PyObject *args) { return batch(model, args, 1); }

static PyObject *get_has_probabilities(Model *model, void *closure) {
    (void)closure;
    return PyBool_FromLong(model->has_probabilities);
}

static void deallocate(Model *model) {
    for (Py_ssize_t i = 0; i < model->n_buffers; i++) PyBuffer_Release(model->buffers + i);
    for (Py_ssize_t i = 0; i < model->n_memory; i++) PyMem_Free(model->memory[i]);
    PyMem_Free(model->buffers);
    PyMem_Free(model->memory);
    Py_TYPE(model)->tp_free((PyObject *)model);
}

static PyMethodDef methods[] = {
    {"predict", (PyCFunction)predict, METH_O, "predict(row) -> float, or None where the row is not clean"},
    {"predict_proba", (PyCFunction)predict_proba, METH_O, "predict_proba(row) -> list of floats, or None"},
    {"predict_into", (PyCFunction)predict_into, METH_VARARGS,
     "predict_into(rows, n_rows, result) -> None, or the index of the first row that is not clean"},
    {"predict_proba_into", (PyCFunction)predict_proba_into, METH_VARARGS, "as predict_into, for probabilities"},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef attributes[] = {
    {"has_probabilities", (getter)get_has_probabilities, NULL, "whether predict_proba answers", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyTypeObject ModelType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pgml.predictors._evaluate.Model",
    .tp_doc = "A compiled model; see pgml.predictors.reference.model for the definition.",
    .tp_basicsize = sizeof(Model),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = (destructor)deallocate,
    .tp_methods = methods,
    .tp_getset = attributes,
};

/* The part that all families have: (n_features, n_scores, output, missing, single, classes, center, scale). */
static int take_common(Model *model, PyObject *common, const char **output) {
    PyObject *classes, *center, *scale;
    if (!PyArg_ParseTuple(common, "nnsppOOO", &model->n_features, &model->n_scores, output, &model->missing,
                          &model->single, &classes, &center, &scale)) return -1;
    if (model->n_features < 1 || model->n_features > INT32_MAX || model->n_scores < 1 || model->n_scores > INT32_MAX)
        return model_refuse("a count is out of bounds");
    if (classes != Py_None && !(model->classes = model_borrow(model, classes, 'd', &model->n_classes))) return -1;
    if (model->classes && (model->n_classes < 1 || model->n_classes > INT32_MAX)) return model_refuse("a count is out of bounds");
    if ((center == Py_None) != (scale == Py_None)) return model_refuse("it has only one of center and scale");
    if (center == Py_None) return 0;
    if (!(model->center = model_borrow_exactly(model, center, 'd', model->n_features))) return -1;
    if (!(model->scale = model_borrow_exactly(model, scale, 'd', model->n_features))) return -1;
    for (Py_ssize_t i = 0; i < model->n_features; i++)
        if (!isfinite(model->center[i]) || !isfinite(model->scale[i]) || model->scale[i] == 0)
            return model_refuse("its scaling is not finite");
    return 0;
}

static PyObject *build(PyObject *args, int (*fill)(Model *, PyObject *)) {
    const char *output;
    if (PyTuple_GET_SIZE(args) < 1) return model_refuse("a model needs its common part"), NULL;
    PyObject *common = PyTuple_GET_ITEM(args, 0), *parts = PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args));
    Model *model = parts ? (Model *)ModelType.tp_alloc(&ModelType, 0) : NULL;
    if (!model) return Py_XDECREF(parts), NULL;
    int failed = !PyTuple_Check(common) || take_common(model, common, &output) || output_set(model, output)
                 || fill(model, parts) || output_set(model, output)
                 || (model->output == ONE_VS_ONE_CALIBRATED && !model->platt && model_refuse("it has no calibration"));
    Py_DECREF(parts);
    size_t bytes = failed ? 0 : space_size(model, 1) + (size_t)model->n_classes * sizeof(double);
    if (failed || !(model->scratch = model_allocate(model, bytes / sizeof(double) + 1, sizeof(double)))) {
        if (!PyErr_Occurred()) model_refuse("a model needs its common part");
        return Py_DECREF(model), NULL;
    }
    return (PyObject *)model;
}

static PyObject *build_linear(PyObject *module, PyObject *args) { return (void)module, build(args, linear_fill); }
static PyObject *build_forest(PyObject *module, PyObject *args) { return (void)module, build(args, forest_fill); }
static PyObject *build_kernel(PyObject *module, PyObject *args) { return (void)module, build(args, kernel_fill); }
static PyObject *build_dense(PyObject *module, PyObject *args) { return (void)module, build(args, dense_fill); }

static PyMethodDef functions[] = {
    {"linear", build_linear, METH_VARARGS, "linear(common, ...) -> Model"},
    {"forest", build_forest, METH_VARARGS, "forest(common, ...) -> Model"},
    {"kernel", build_kernel, METH_VARARGS, "kernel(common, ...) -> Model"},
    {"dense", build_dense, METH_VARARGS, "dense(common, ...) -> Model"},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "pgml.predictors._evaluate", "Compiled models, evaluated.", -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__evaluate(void) {
    if (sizeof(Node) != 16 || PyType_Ready(&ModelType)) return NULL;
    return PyModule_Create(&definition);
}
