/* Take a predictor's file apart (a safetensors file whose metadata describes the model), and make a model of it. Every
 * count and size is checked here or by the family: what is refused is what pgml.predictors.read refuses. */
#include "load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define MOST INT32_MAX /* of anything that is counted: no product of two sizes is near an overflow */

int refuse(File *file, const char *reason) {
    file->reason = reason;
    return -1;
}

void *allocate(File *file, size_t count, size_t size) {
    Model *model = file->model;
    void **memory = realloc(model->memory, (model->n_memory + 1) * sizeof *memory);
    if (!memory) return NULL;
    model->memory = memory;
    void *block = calloc(count ? count : 1, size);
    return block ? memory[model->n_memory++] = block : NULL;
}

/* Read an entry of the header; say whether the tensor lies inside the file. */
static int place(const File *file, const Json *entry, Tensor *found) {
    static const struct { const char *name; char type; int64_t size; } types[] = {
        {"F64", 'd', 8}, {"F32", 'f', 4}, {"I64", 'q', 8}, {"U8", 'B', 1}};
    const Json *type = json_member(entry, "dtype"), *shape = json_member(entry, "shape"),
               *offsets = json_member(entry, "data_offsets");
    int64_t size = 0, begin, end;
    *found = (Tensor){.count = 1, .type = 0};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (json_is(type, types[i].name)) found->type = types[i].type, size = types[i].size;
    if (!found->type || !shape || shape->kind != JSON_ARRAY || shape->size > 2 || !offsets || offsets->kind != JSON_ARRAY
        || offsets->size != 2 || !json_integer(offsets + 1, &begin) || !json_integer(offsets + 2, &end)) return 0;
    const Json *number = shape + 1;
    found->dimensions = shape->size;
    for (uint32_t i = 0; i < shape->size; i++, number = json_next(number)) {
        if (!json_integer(number, found->shape + i) || found->shape[i] < 0) return 0;
        if (found->shape[i] && found->count > PTRDIFF_MAX / 8 / found->shape[i]) return 0;
        found->count *= found->shape[i];
    }
    if (begin < 0 || begin > end || (uint64_t)end > file->size || end - begin != found->count * size) return 0;
    found->items = file->data + begin;
    return 1;
}

/* Whether the tensors lie inside the file and take all of it. */
static int covered(const File *file) {
    uint64_t total = 0;
    const Json *name = file->header + 1;
    for (uint32_t i = 0; i < file->header->size; i++, name = json_next(name + 1)) {
        Tensor found;
        int64_t begin, end;
        if (json_is(name, "__metadata__")) continue;
        if (!place(file, name + 1, &found)) return 0;
        const Json *offsets = json_member(name + 1, "data_offsets");
        if (!json_integer(offsets + 1, &begin) || !json_integer(offsets + 2, &end)) return 0;
        total += (uint64_t)(end - begin);
    }
    return total == file->size;
}

int tensor(File *file, const char *name, char type, uint32_t dimensions, int needed, Tensor *found) {
    const Json *entry = json_member(file->header, name);
    *found = (Tensor){0};
    if (!entry) return needed ? refuse(file, "a tensor is missing") : 0;
    if (!place(file, entry, found) || found->type != type || found->dimensions != dimensions)
        return refuse(file, "a tensor is of the wrong type");
    if ((uintptr_t)found->items % 8 == 0 && type != 'q') return 0;
    size_t size = (size_t)found->count * (type == 'B' ? 1 : type == 'f' ? 4 : 8);
    void *copy = allocate(file, size, 1);
    if (!copy) return -1;
    found->items = memcpy(copy, found->items, size);
    return 0;
}

const double *floats(File *file, const char *name, int64_t count) {
    Tensor found;
    if (tensor(file, name, 'd', 1, 1, &found)) return NULL;
    if (found.count != count) return refuse(file, "a tensor is of the wrong size"), NULL;
    return found.items;
}

int setting_is(const File *file, const char *name, const char *text) {
    return json_is(json_member(file->settings, name), text);
}

static int flag(File *file, const Json *value, int *result) {
    if (!value || (value->kind != JSON_TRUE && value->kind != JSON_FALSE)) return refuse(file, "a flag is neither true nor false");
    *result = value->kind == JSON_TRUE;
    return 0;
}

int setting_flag(File *file, const char *name, int *result) { return flag(file, json_member(file->settings, name), result); }

int setting_count(File *file, const Json *of, const char *name, int64_t least, ptrdiff_t *result) {
    int64_t number;
    if (!json_integer(json_member(of, name), &number) || number < least || number >= MOST)
        return refuse(file, "a count is out of bounds");
    *result = (ptrdiff_t)number;
    return 0;
}

int setting_factor(File *file, const char *name, double *number, int *there) {
    const Json *value = json_member(file->settings, name);
    *there = value && value->kind != JSON_NULL;
    if (!value || (*there && (!json_number(value, number) || !isfinite(*number) || *number == 0)))
        return refuse(file, "a factor is no number");
    return 0;
}

/* The labels, of which a regression has none. */
static int take_classes(File *file, const Json *classes) {
    Model *model = file->model;
    if (!classes) return refuse(file, "its description is not complete");
    if (classes->kind == JSON_NULL) return 0;
    if (classes->kind != JSON_ARRAY || classes->size < 1 || classes->size >= MOST) return refuse(file, "a count is out of bounds");
    double *labels = allocate(file, classes->size, sizeof *labels);
    if (!labels) return -1;
    const Json *label = classes + 1;
    for (uint32_t i = 0; i < classes->size; i++, label = json_next(label))
        if (!json_number(label, labels + i)) return refuse(file, "a label is no number");
    model->classes = labels, model->n_classes = classes->size;
    return 0;
}

static int take_scaling(File *file) {
    Model *model = file->model;
    Tensor center, scale;
    if (tensor(file, "center", 'd', 1, 0, &center) || tensor(file, "scale", 'd', 1, 0, &scale)) return -1;
    if (!center.items != !scale.items) return refuse(file, "it has only one of center and scale");
    if (!center.items) return 0;
    if (center.count != model->n_features || scale.count != model->n_features)
        return refuse(file, "its scaling does not fit its features");
    model->center = center.items, model->scale = scale.items;
    for (ptrdiff_t i = 0; i < model->n_features; i++)
        if (!isfinite(model->center[i]) || !isfinite(model->scale[i]) || model->scale[i] == 0)
            return refuse(file, "its scaling is not finite");
    return 0;
}

static int take_output(File *file, const Json *output) {
    char name[64];
    if (!output || output->kind != JSON_STRING || output->length >= sizeof name) return refuse(file, "its output is unknown");
    memcpy(name, output->text, output->length);
    name[output->length] = 0;
    return output_named(file->model, name) ? 0 : refuse(file, "its output is unknown");
}

static int take(File *file, const Json *about) {
    static const struct { const char *name; int (*fill)(File *); } families[] = {
        {"linear", linear_fill}, {"forest", forest_fill}, {"oblivious", oblivious_fill}, {"kernel", kernel_fill}, {"dense", dense_fill}};
    Model *model = file->model;
    const Json *features = json_member(about, "features"), *single = json_member(file->settings, "single");
    int (*fill)(File *) = NULL;
    int64_t version;
    if (!json_integer(json_member(about, "version"), &version) || version != VERSION) return refuse(file, "it is of another version");
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (json_is(json_member(about, "family"), families[i].name)) fill = families[i].fill;
    if (!fill) return refuse(file, "it is of an unknown family");
    if (setting_count(file, about, "n_features", 1, &model->n_features) || flag(file, json_member(about, "missing"), &model->missing)
        || (single && flag(file, single, &model->single)) || take_classes(file, json_member(about, "classes"))
        || take_scaling(file) || take_output(file, json_member(about, "output"))) return -1;
    if (!features || features->kind != JSON_ARRAY || features->size != model->n_features)
        return refuse(file, "its feature names do not fit its features");
    if (fill(file)) return -1;
    const char *misfit = output_misfit(model);
    if (misfit) return refuse(file, misfit);
    if (model->output == ONE_VS_ONE_CALIBRATED && !model->platt) return refuse(file, "it has no calibration");
    if (fill != kernel_fill && output_needs_variances(model, 1)) return refuse(file, "its processes have no variances");
    model->scratch = allocate(file, model_space(model) / sizeof(double) + 1, sizeof(double));
    return model->scratch ? 0 : -1;
}

Model *model_load(const char *bytes, size_t size, const char **reason) {
    File file = {.model = calloc(1, sizeof(Model))};
    Json *header = NULL, *about = NULL;
    char *description = NULL;
    uint64_t length = 0;
    int loaded = 0;
    if (size >= 8) memcpy(&length, bytes, 8);
    *reason = NULL;
    if (!file.model) return NULL;
    file.reason = "its header cannot be read";
    if (size >= 8 && length <= size - 8 && (header = json_read(bytes + 8, length))) {
        file.data = bytes + 8 + length, file.size = size - 8 - length, file.header = header;
        const Json *metadata = json_member(json_member(header, "__metadata__"), "pgml");
        size_t described;
        if (!covered(&file)) file.reason = "its tensors do not lie inside the file";
        else if (metadata && metadata->kind == JSON_STRING && (description = json_unescape(metadata, &described))
                 && (about = json_read(description, described))) {
            file.settings = json_member(about, "settings"), file.reason = NULL;
            if (!file.settings || file.settings->kind != JSON_OBJECT) file.reason = "its description is not complete";
            else loaded = !take(&file, about);
        }
    }
    free(about);
    free(description);
    free(header);
    if (loaded) return file.model;
    *reason = file.reason;
    model_free(file.model);
    return NULL;
}

void model_free(Model *model) {
    for (size_t i = 0; i < model->n_memory; i++) free(model->memory[i]);
    free(model->memory);
    free(model);
}
