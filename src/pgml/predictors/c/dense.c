/* The dense family: a multi-layer perceptron. Units are held one after another, each for several rows side by side. */
#include "load.h"

#include <math.h>
#include <stdio.h>
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
        ptrdiff_t n_in = layer->n_in;                                                                                \
        for (ptrdiff_t unit = 0; unit < layer->n_out; unit += UNITS) {                                               \
            ptrdiff_t there = layer->n_out - unit < UNITS ? layer->n_out - unit : UNITS;                             \
            const TYPE *line[UNITS];                                                                                  \
            TYPE total[UNITS];                                                                                        \
            for (ptrdiff_t u = 0; u < UNITS; u++) {                                                                  \
                ptrdiff_t of = unit + (u < there ? u : 0);                                                           \
                line[u] = weights + of * n_in, total[u] = bias[of];                                                   \
            }                                                                                                         \
            for (ptrdiff_t i = 0; i < n_in; i++)                                                                     \
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
        ptrdiff_t n_in = layer->n_in;                                                                                \
        for (ptrdiff_t unit = 0; unit < layer->n_out; unit += UNITS) {                                               \
            ptrdiff_t there = layer->n_out - unit < UNITS ? layer->n_out - unit : UNITS;                             \
            const TYPE *line[UNITS];                                                                                  \
            REGISTER low[UNITS] = {{0}}, high[UNITS] = {{0}};                                                         \
            for (ptrdiff_t u = 0; u < UNITS; u++) {                                                                  \
                ptrdiff_t of = unit + (u < there ? u : 0);                                                           \
                line[u] = weights + of * n_in;                                                                        \
                low[u] += bias[of], high[u] += bias[of];                                                              \
            }                                                                                                         \
            for (ptrdiff_t i = 0; i < n_in; i++) {                                                                   \
                REGISTER left = rows[2 * i], right = rows[2 * i + 1];                                                 \
                for (int u = 0; u < UNITS; u++) {                                                                     \
                    low[u] += line[u][i] * left;                                                                      \
                    high[u] += line[u][i] * right;                                                                    \
                }                                                                                                     \
            }                                                                                                         \
            for (ptrdiff_t u = 0; u < there; u++) result[2 * (unit + u)] = low[u], result[2 * (unit + u) + 1] = high[u]; \
        }                                                                                                             \
    }

/* Every unit of a layer through its activation, in float64; the loops are apart so that each can be vectorised. */
#define ACTIVATE(NAME, TYPE)                                                                                          \
    WIDE static void NAME(enum Activation activation, TYPE *units, ptrdiff_t n) {                                    \
        if (activation == RELU) for (ptrdiff_t i = 0; i < n; i++) units[i] = (TYPE)activated(RELU, units[i]);        \
        if (activation == TANH) for (ptrdiff_t i = 0; i < n; i++) units[i] = (TYPE)activated(TANH, units[i]);        \
        if (activation == LOGISTIC_UNIT)                                                                              \
            for (ptrdiff_t i = 0; i < n; i++) units[i] = (TYPE)activated(LOGISTIC_UNIT, units[i]);                   \
    }

/* All layers for up to WIDTH rows; two arrays of the widest layer take turns. */
#define NETWORK(NAME, TYPE, WIDTH, LAYER_OF, ACTIVATE_OF)                                                             \
    static void NAME(const Model *model, const double *rows, ptrdiff_t n_rows, double *result, void *work) {         \
        const Dense *dense = &model->dense;                                                                           \
        TYPE *before = work, *after = before + dense->widest * WIDTH, *swapped;                                       \
        for (ptrdiff_t i = 0; i < model->n_features; i++)                                                            \
            for (ptrdiff_t row = 0; row < WIDTH; row++)                                                              \
                before[i * WIDTH + row] = (TYPE)rows[(row < n_rows ? row : 0) * model->n_features + i];               \
        for (ptrdiff_t depth = 0; depth < dense->n_layers; depth++) {                                                \
            const Layer *layer = dense->layers + depth;                                                               \
            LAYER_OF(layer, before, after);                                                                           \
            if (depth + 1 < dense->n_layers) ACTIVATE_OF(dense->activation, after, layer->n_out * WIDTH);             \
            swapped = before, before = after, after = swapped;                                                        \
        }                                                                                                             \
        for (ptrdiff_t row = 0; row < n_rows; row++)                                                                 \
            for (ptrdiff_t score = 0; score < model->n_scores; score++)                                              \
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

static void scores(const Model *model, const double *rows, ptrdiff_t n_rows, double *result, double *variances, void *work) {
    (void)variances;
    if (n_rows == 1) (model->single ? network_single_one : network_double_one)(model, rows, 1, result, work);
    else (model->single ? network_single : network_double)(model, rows, n_rows, result, work);
}

int dense_fill(File *file) {
    static const char *names[] = {"relu", "tanh", "logistic", "identity"};
    Model *model = file->model;
    Dense *dense = &model->dense;
    dense->activation = -1;
    for (int i = 0; i < 4; i++)
        if (setting_is(file, "activation", names[i])) dense->activation = i;
    if (dense->activation < 0) return refuse(file, "its activation is unknown");
    if (setting_count(file, file->settings, "layers", 1, &dense->n_layers) || setting_flag(file, "single", &model->single)
        || dense->n_layers > (ptrdiff_t)file->header->size) return refuse(file, "it has no layers, or too many");
    if (!(dense->layers = allocate(file, (size_t)dense->n_layers, sizeof(Layer)))) return -1;
    char type = model->single ? 'f' : 'd', name[32];
    ptrdiff_t width = model->n_features;
    dense->widest = width;
    for (ptrdiff_t depth = 0; depth < dense->n_layers; depth++) {
        Layer *layer = dense->layers + depth;
        Tensor weights, bias;
        snprintf(name, sizeof name, "bias_%td", depth);
        if (tensor(file, name, type, 1, 1, &bias)) return -1;
        snprintf(name, sizeof name, "weights_%td", depth);
        if (tensor(file, name, type, 2, 1, &weights)) return -1;
        if (bias.count < 1 || bias.count >= INT32_MAX || weights.shape[0] != bias.count || weights.shape[1] != width)
            return refuse(file, "a layer's weights do not fit its units");
        *layer = (Layer){weights.items, bias.items, width, bias.count};
        width = bias.count;
        if (width > dense->widest) dense->widest = width;
    }
    model->n_scores = width;
    model->scores = scores;
    model->block = model->single ? ROWS_SINGLE : ROWS_DOUBLE;
    model->work = 2 * (size_t)dense->widest * ROWS_DOUBLE * sizeof(double); /* as many bytes for twice the rows in float32 */
    return 0;
}
