/* pgml.predictors._evaluate: models for Python. Its type has the methods of reference/model.py. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "arrange.h"
#include "guard.h"
#include "model.h"
#include "stored.h"

typedef struct {
    PyObject_HEAD
    Model *model;
    Py_buffer file; /* what the model was loaded from, and uses */
} Evaluator;

/* What is raised where the file that a model lies in was cut off, or written over, since it was mapped. */
static PyObject *lost(void) { return PyErr_SetString(PyExc_OSError, "the file of the model was changed"), NULL; }

static PyObject *batch(Evaluator *self, PyObject *args, int probabilities) {
    const Model *model = self->model;
    Py_buffer rows, result;
    volatile Py_ssize_t unclean = -1;
    volatile int whole = 1;
    Py_ssize_t n_rows, width = probabilities ? model->n_classes : 1;
    if (probabilities && !model->has_probabilities) return PyErr_SetString(PyExc_ValueError, "it has no probabilities"), NULL;
    if (!PyArg_ParseTuple(args, "y*nw*", &rows, &n_rows, &result)) return NULL;
    int fits = n_rows >= 0 && rows.len % (Py_ssize_t)sizeof(double) == 0
               && n_rows <= PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(double) / (model->n_features > width ? model->n_features : width)
               && rows.len == n_rows * model->n_features * (Py_ssize_t)sizeof(double)
               && result.len == n_rows * width * (Py_ssize_t)sizeof(double)
               && (n_rows == 0 || (uintptr_t)result.buf % sizeof(double) == 0);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        whole = GUARDED(unclean = model_batch(model, rows.buf, n_rows, probabilities, result.buf));
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&rows);
    PyBuffer_Release(&result);
    if (!fits) return PyErr_SetString(PyExc_ValueError, "the rows or the result are of the wrong size"), NULL;
    if (!whole) return lost();
    if (unclean == -2) return PyErr_NoMemory();
    if (unclean >= 0) return PyLong_FromSsize_t(unclean);
    Py_RETURN_NONE;
}

/* Read a Python list or tuple of numbers into the model's row; 0 where it is none of that length. */
static int take_row(Model *model, PyObject *row) {
    double *numbers = model_row(model);
    PyObject **items;
    Py_ssize_t n;
    if (PyList_Check(row)) items = ((PyListObject *)row)->ob_item, n = PyList_GET_SIZE(row);
    else if (PyTuple_Check(row)) items = ((PyTupleObject *)row)->ob_item, n = PyTuple_GET_SIZE(row);
    else return 0;
    if (n != model->n_features) return 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = items[i];
        if (PyFloat_Check(item)) numbers[i] = PyFloat_AS_DOUBLE(item);
        else if (item == Py_None) numbers[i] = Py_NAN;
        else if (PyLong_Check(item)) {
            double value = PyLong_AsDouble(item);
            if (value == -1.0 && PyErr_Occurred()) return PyErr_Clear(), 0;
            numbers[i] = value;
        }
        else return 0;
    }
    return 1;
}

static PyObject *predict(Evaluator *self, PyObject *row) {
    double result;
    volatile int clean = 0;
    if (!take_row(self->model, row)) Py_RETURN_NONE;
    if (!GUARDED(clean = model_predict(self->model, &result))) return lost();
    if (!clean) Py_RETURN_NONE;
    return PyFloat_FromDouble(result);
}

static PyObject *predict_proba(Evaluator *self, PyObject *row) {
    Model *model = self->model;
    if (!model->has_probabilities || !take_row(model, row)) Py_RETURN_NONE;
    double *result = PyMem_Malloc((size_t)model->n_classes * sizeof *result);
    if (!result) return PyErr_NoMemory();
    volatile int clean = 0;
    if (!GUARDED(clean = model_predict_proba(model, result))) return PyMem_Free(result), lost();
    PyObject *list = clean ? PyList_New(model->n_classes) : Py_NewRef(Py_None);
    for (Py_ssize_t i = 0; clean && list && i < model->n_classes; i++) {
        PyObject *item = PyFloat_FromDouble(result[i]);
        if (!item) Py_CLEAR(list);
        else PyList_SET_ITEM(list, i, item);
    }
    PyMem_Free(result);
    return list;
}

static PyObject *predict_into(Evaluator *self, PyObject *args) { return batch(self, args, 0); }
static PyObject *predict_proba_into(Evaluator *self, PyObject *args) { return batch(self, args, 1); }

static PyObject *get_has_probabilities(Evaluator *self, void *closure) {
    (void)closure;
    return PyBool_FromLong(self->model->has_probabilities);
}

static void deallocate(Evaluator *self) {
    if (self->model) model_free(self->model);
    if (self->file.obj) PyBuffer_Release(&self->file);
    Py_TYPE(self)->tp_free((PyObject *)self);
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

static PyTypeObject EvaluatorType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pgml.predictors._evaluate.Model",
    .tp_doc = "A compiled model; see pgml.predictors.reference.model for the definition.",
    .tp_basicsize = sizeof(Evaluator),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = (destructor)deallocate,
    .tp_methods = methods,
    .tp_getset = attributes,
};

static PyObject *load(PyObject *module, PyObject *file) {
    const char *reason;
    Evaluator *self = (Evaluator *)EvaluatorType.tp_alloc(&EvaluatorType, 0);
    (void)module;
    if (!self || PyObject_GetBuffer(file, &self->file, PyBUF_SIMPLE)) return Py_XDECREF(self), NULL;
    if (!GUARDED(self->model = model_load(self->file.buf, (size_t)self->file.len, &reason))) lost();
    else if (self->model) return (PyObject *)self;
    else if (reason) PyErr_SetString(PyExc_ValueError, reason);
    else PyErr_NoMemory();
    return Py_DECREF(self), NULL;
}

static PyObject *guard(PyObject *module, PyObject *none) {
    (void)module, (void)none;
    guard_install();
    Py_RETURN_NONE;
}

static PyObject *fill_nodes(PyObject *module, PyObject *args) {
    Py_buffer nodes, bounds, items[5];
    Columns columns;
    Numbers *numbers[5] = {&columns.kinds, &columns.steps, &columns.far, &columns.thresholds, &columns.values};
    Py_ssize_t widths[5];
    const char *reason = "its columns are of the wrong size";
    (void)module;
    if (!PyArg_ParseTuple(args, "w*y*(y*np)(y*np)(y*np)(y*np)(y*np)", &nodes, &bounds,
                          items, widths, &columns.kinds.floating, items + 1, widths + 1, &columns.steps.floating,
                          items + 2, widths + 2, &columns.far.floating, items + 3, widths + 3, &columns.thresholds.floating,
                          items + 4, widths + 4, &columns.values.floating)) return NULL;
    int fits = nodes.len % (Py_ssize_t)sizeof(TreeNode) == 0 && (uintptr_t)nodes.buf % 8 == 0 && nodes.len / 16 < INT32_MAX
               && bounds.len >= 16 && bounds.len % 8 == 0 && (uintptr_t)bounds.buf % 8 == 0
               && !columns.kinds.floating && !columns.steps.floating && !columns.far.floating;
    for (int i = 0; i < 5; i++) {
        numbers[i]->items = items[i].buf;
        numbers[i]->width = (size_t)widths[i];
        fits = fits && (widths[i] == 4 || (numbers[i]->floating ? widths[i] == 8 : widths[i] == 1 || widths[i] == 2));
        numbers[i]->count = fits ? (size_t)(items[i].len / widths[i]) : 0;
    }
    if (fits) reason = stored_nodes(&columns, bounds.buf, (size_t)(bounds.len / 8 - 1), nodes.buf, (size_t)nodes.len / sizeof(TreeNode));
    for (int i = 0; i < 5; i++) PyBuffer_Release(items + i);
    PyBuffer_Release(&nodes);
    PyBuffer_Release(&bounds);
    if (reason) return PyErr_SetString(PyExc_ValueError, reason), NULL;
    Py_RETURN_NONE;
}

static PyObject *arrange_nodes(PyObject *module, PyObject *args) {
    Py_buffer left, right, weight, bounds, place, child;
    const char *reason = "the arrays of the trees differ in length";
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*z*y*w*w*", &left, &right, &weight, &bounds, &place, &child)) return NULL;
    const int64_t *of = bounds.buf;
    int64_t n = left.len / 8, n_trees = bounds.len / 8 - 1;
    int fits = left.len == n * 8 && right.len == n * 8 && place.len == n * 8 && child.len == n * 8 && n_trees > 0
               && (!weight.buf || weight.len == n * 4) && of[0] == 0 && of[n_trees] == n;
    for (int64_t tree = 0; fits && tree < n_trees; tree++) fits = of[tree] <= of[tree + 1];
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        reason = arrange(left.buf, right.buf, weight.buf, of, n_trees, place.buf, child.buf);
        Py_END_ALLOW_THREADS
    }
    for (int i = 0; i < 6; i++) PyBuffer_Release((Py_buffer *[]){&left, &right, &weight, &bounds, &place, &child}[i]);
    if (!reason) Py_RETURN_NONE;
    return *reason ? (PyErr_SetString(PyExc_ValueError, reason), NULL) : PyErr_NoMemory();
}

static PyMethodDef functions[] = {
    {"arrange", arrange_nodes, METH_VARARGS,
     "arrange(left, right, weight, bounds, place, child) -> None, with the last two filled; see pgml.predictors.build.arrangement; "
     "raises ValueError where they make no trees"},
    {"fill_nodes", fill_nodes, METH_VARARGS,
     "fill_nodes(nodes, bounds, kinds, steps, far, thresholds, values) -> None; the last five are (bytes, width, floating), see "
     "pgml.predictors.read.stored; raises ValueError where they do not fit"},
    {"guard", guard, METH_NOARGS,
     "guard() -> None; from then on a model whose file is changed while it is mapped raises OSError, and the process goes on"},
    {"load", load, METH_O, "load(bytes) -> Model, which uses them where they lie; raises ValueError where they are not sound"},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "pgml.predictors._evaluate", "Compiled models, evaluated.", -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__evaluate(void) {
    if (PyType_Ready(&EvaluatorType)) return NULL;
    return PyModule_Create(&definition);
}
