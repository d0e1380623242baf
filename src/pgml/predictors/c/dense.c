/* The dense family: a multi-layer perceptron. Units are held one after another, each for several rows side by side. */
#include "model.h"

#include <math.h>
#include <string.h>

#include "elementary.h"

#define ROWS_SINGLE 16 /* two registers of float32, or of float64 */
#define ROWS_DOUBLE 8
#define UNITS 4

typedef float EightSingle __attribute__((vector_size(32), aligned(4), may_alias));

enum Activation { RELU, TANH, LOGISTIC_UNIT, IDENTITY };

static inline double activated(enum Activation activation, double value) {
    switch (activation) {
    case RELU: return value > 0 ? value : 0.0;
    case TANH: return quick_tanh(value);
    case LOGISTIC_UNIT: return 1.0 / (1.0 + quick_exp(-value));
    default: return value;
    }
}

/* One layer for one row: UNITS units at a time, each summed from its bias in the order of its inputs. */
#define LAYER_ONE(NAME, TYPE)                                                                                         \
    static void NAME(const Layer *layer, const TYPE *before, TYPE *after) {                                           \
        const TYPE *weights = layer->weights, *bias = layer->bias;                                                    \
        Py_ssize_t n_in = layer->n_in;                                                                                \
        for (Py_ssize_t unit = 0; unit < layer->n_out; unit += UNITS) {                                               \
            Py_ssize_t there = layer->n_out - unit < UNITS ? layer->n_out - unit : UNITS;                             \
            const TYPE *line[UNITS];                                                                                  \
            TYPE total[UNITS];                                                                                        \
            for (Py_ssize_t u = 0; u < UNITS; u++) {                                                                  \
                Py_ssize_t of = unit + (u < there ? u : 0);                                                           \
                line[u] = weights + of * n_in, total[u] = bias[of];                                                   \
            }                                                                                                         \
            for (Py_ssize_t i = 0; i < n_in; i++)                                                                     \
                for (int u = 0; u < UNITS; u++) total[u] += before[i] * line[u][i];                                   \
            memcpy(after + unit, total, (size_t)there * sizeof(TYPE));                                                \
        }                                                                                                             \
    }

/* The same for two registers of rows. */
#define LAYER(NAME, TYPE, REGISTER)                                                                                   \
    WIDE static void NAME(const Layer *layer, const TYPE *before, TYPE *after) {                                      \
        const TYPE *weights = layer->weights, *bias = layer->bias;                                                    \
        const REGISTER *rows = (const REGISTER *)before;                                                              \
        REGISTER *result = (REGISTER *)after;                                                                         \
        Py_ssize_t n_in = layer->n_in;                                                                                \
        for (Py_ssize_t unit = 0; unit < layer->n_out; unit += UNITS) {                                               \
            Py_ssize_t there = layer->n_out - unit < UNITS ? layer->n_out - unit : UNITS;                             \
            const TYPE *line[UNITS];                                                                                  \
            REGISTER low[UNITS] = {{0}}, high[UNITS] = {{0}};                                                         \
            for (Py_ssize_t u = 0; u < UNITS; u++) {                                                                  \
                Py_ssize_t of = unit + (u < there ? u : 0);                                                           \
                line[u] = weights + of * n_in;                                                                        \
                low[u] += bias[of], high[u] += bias[of];                                                              \
            }                                                                                                         \
            for (Py_ssize_t i = 0; i < n_in; i++) {                                                                   \
                REGISTER left = rows[2 * i], right = rows[2 * i + 1];                                                 \
                for (int u = 0; u < UNITS; u++) {                                                                     \
                    low[u] += line[u][i] * left;                                                                      \
                    high[u] += line[u][i] * right;                                                                    \
                }                                                                                                     \
            }                                                                                                         \
            for (Py_ssize_t u = 0; u < there; u++) result[2 * (unit + u)] = low[u], result[2 * (unit + u) + 1] = high[u]; \
        }                                                                                                             \
    }

/* Every unit of a layer through its activation, in float64; the loops are apart so that each can be vectorised. */
#define ACTIVATE(NAME, TYPE)                                                                                          \
    WIDE static void NAME(enum Activation activation, TYPE *units, Py_ssize_t n) {                                    \
        if (activation == RELU) for (Py_ssize_t i = 0; i < n; i++) units[i] = (TYPE)activated(RELU, units[i]);        \
        if (activation == TANH) for (Py_ssize_t i = 0; i < n; i++) units[i] = (TYPE)activated(TANH, units[i]);        \
        if (activation == LOGISTIC_UNIT)                                                                              \
            for (Py_ssize_t i = 0; i < n; i++) units[i] = (TYPE)activated(LOGISTIC_UNIT, units[i]);                   \
    }

/* All layers for up to WIDTH rows; two arrays of the widest layer take turns. */
#define NETWORK(NAME, TYPE, WIDTH, LAYER_OF, ACTIVATE_OF)                                                             \
    static void NAME(const Model *model, const double *rows, Py_ssize_t n_rows, double *result, void *work) {         \
        const Dense *dense = &model->dense;                                                                           \
        TYPE *before = work, *after = before + dense->widest * WIDTH, *swapped;                                       \
        for (Py_ssize_t i = 0; i < model->n_features; i++)                                                            \
            for (Py_ssize_t row = 0; row < WIDTH; row++)                                                              \
                before[i * WIDTH + row] = (TYPE)rows[(row < n_rows ? row : 0) * model->n_features + i];               \
        for (Py_ssize_t depth = 0; depth < dense->n_layers; depth++) {                                                \
            const Layer *layer = dense->layers + depth;                                                               \
            LAYER_OF(layer, before, after);                                                                           \
            if (depth + 1 < dense->n_layers) ACTIVATE_OF(dense->activation, after, layer->n_out * WIDTH);             \
            swapped = before, before = after, after = swapped;                                                        \
        }                                                                                                             \
        for (Py_ssize_t row = 0; row < n_rows; row++)                                                                 \
            for (Py_ssize_t score = 0; score < model->n_scores; score++)                                              \
                result[row * model->n_scores + score] = before[score * WIDTH + row];                                  \
    }

LAYER_ONE(layer_single_one, float)
LAYER_ONE(layer_double_one, double)
LAYER(layer_single, float, EightSingle)
LAYER(layer_double, double, Four)
ACTIVATE(activate_single, float)
ACTIVATE(activate_double, double)
NETWORK(network_single_one, float, 1, layer_single_one, activate_single)
NETWORK(network_single, float, ROWS_SINGLE, layer_single, activate_single)
NETWORK(network_double_one, double, 1, layer_double_one, activate_double)
NETWORK(network_double, double, ROWS_DOUBLE, layer_double, activate_double)

static void scores(const Model *model, const double *rows, Py_ssize_t n_rows, double *result, double *variances, void *work) {
    (void)variances;
    if (n_rows == 1) (model->single ? network_single_one : network_double_one)(model, rows, 1, result, work);
    else (model->single ? network_single : network_double)(model, rows, n_rows, result, work);
}

int dense_fill(Model *model, PyObject *parts) {
    static const char *names[] = {"relu", "tanh", "logistic", "identity"};
    PyObject *layers;
    const char *activation;
    Dense *dense = &model->dense;
    if (!PyArg_ParseTuple(parts, "O!s", &PyTuple_Type, &layers, &activation)) return -1;
    dense->activation = -1;
    for (int i = 0; i < 4; i++)
        if (!strcmp(activation, names[i])) dense->activation = i;
    dense->n_layers = PyTuple_GET_SIZE(layers);
    if (dense->activation < 0 || dense->n_layers < 1) return model_refuse("it has no layers, or an unknown activation");
    if (!(dense->layers = model_allocate(model, (size_t)dense->n_layers, sizeof(Layer)))) return -1;
    char format = model->single ? 'f' : 'd';
    Py_ssize_t width = model->n_features, n_out;
    dense->widest = width;
    for (Py_ssize_t depth = 0; depth < dense->n_layers; depth++) {
        PyObject *weights, *bias;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(layers, depth), "OO", &weights, &bias)) return -1;
        Layer *layer = dense->layers + depth;
        if (!(layer->bias = model_borrow(model, bias, format, &n_out))) return -1;
        if (n_out < 1 || n_out > PY_SSIZE_T_MAX / width) return model_refuse("a layer has no units, or too many");
        if (!(layer->weights = model_borrow_exactly(model, weights, format, n_out * width))) return -1;
        layer->n_in = width, layer->n_out = width = n_out;
        if (width > dense->widest) dense->widest = width;
    }
    if (width != model->n_scores) return model_refuse("its last layer does not give its scores");
    if ((size_t)dense->widest > SIZE_MAX / (4 * ROWS_SINGLE * sizeof(double))) return model_refuse("a layer is too wide");
    model->scores = scores;
    model->block = model->single ? ROWS_SINGLE : ROWS_DOUBLE;
    model->work = 2 * (size_t)dense->widest * ROWS_DOUBLE * sizeof(double); /* as many bytes for twice the rows in float32 */
    return 0;
}
