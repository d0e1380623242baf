#define _GNU_SOURCE
#include "json.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 64

typedef struct { const char *at, *end; Json *values; size_t count, room; } Reading;

static void skip_space(Reading *reading) {
    while (reading->at < reading->end && strchr(" \t\n\r", *reading->at) && *reading->at) reading->at++;
}

static int word(Reading *reading, const char *text) {
    size_t length = strlen(text);
    if ((size_t)(reading->end - reading->at) < length || memcmp(reading->at, text, length)) return 0;
    reading->at += length;
    return 1;
}

static int character(Reading *reading, char wanted) {
    if (reading->at == reading->end || *reading->at != wanted) return 0;
    reading->at++;
    return 1;
}

/* Append a value; return its index, -1 where there is no memory for it, or more values than any file has. */
static int64_t append(Reading *reading, JsonKind kind, const char *text, size_t length) {
    if (reading->count == reading->room) {
        size_t room = reading->room ? 2 * reading->room : 64;
        Json *values = room <= INT32_MAX ? realloc(reading->values, room * sizeof *values) : NULL;
        if (!values) return -1;
        reading->values = values, reading->room = room;
    }
    reading->values[reading->count] = (Json){kind, 0, 1, length, text};
    return (int64_t)reading->count++;
}

static int string(Reading *reading) {
    if (!character(reading, '"')) return 0;
    const char *begin = reading->at;
    for (; reading->at < reading->end && *reading->at != '"'; reading->at++) {
        if ((unsigned char)*reading->at < ' ') return 0;
        if (*reading->at == '\\' && ++reading->at == reading->end) return 0;
    }
    size_t length = (size_t)(reading->at - begin);
    return character(reading, '"') && append(reading, JSON_STRING, begin, length) >= 0;
}

static int digits(Reading *reading) {
    const char *begin = reading->at;
    while (reading->at < reading->end && *reading->at >= '0' && *reading->at <= '9') reading->at++;
    return reading->at > begin;
}

static int number(Reading *reading) {
    const char *begin = reading->at;
    JsonKind kind = JSON_INTEGER;
    int negative = character(reading, '-');
    if (word(reading, "Infinity") || (!negative && word(reading, "NaN"))) kind = JSON_REAL;
    else {
        if (!character(reading, '0') && !digits(reading)) return 0;
        if (character(reading, '.')) {
            kind = JSON_REAL;
            if (!digits(reading)) return 0;
        }
        if (character(reading, 'e') || character(reading, 'E')) {
            kind = JSON_REAL;
            if (!character(reading, '-')) (void)character(reading, '+');
            if (!digits(reading)) return 0;
        }
    }
    return append(reading, kind, begin, (size_t)(reading->at - begin)) >= 0;
}

static int value(Reading *reading, int depth);

/* The rest of an object or array. */
static int inside(Reading *reading, JsonKind kind, int depth) {
    char closing = kind == JSON_OBJECT ? '}' : ']';
    int64_t index = append(reading, kind, reading->at, 0);
    uint32_t size = 0;
    if (index < 0) return 0;
    skip_space(reading);
    if (!character(reading, closing)) {
        do {
            skip_space(reading);
            if (kind == JSON_OBJECT) {
                if (!string(reading)) return 0;
                skip_space(reading);
                if (!character(reading, ':')) return 0;
            }
            if (!value(reading, depth + 1)) return 0;
            skip_space(reading);
            size++;
        } while (character(reading, ','));
        if (!character(reading, closing)) return 0;
    }
    reading->values[index].size = size;
    reading->values[index].next = (uint32_t)(reading->count - (size_t)index);
    return 1;
}

static int value(Reading *reading, int depth) {
    skip_space(reading);
    if (depth > DEEPEST || reading->at == reading->end) return 0;
    if (*reading->at == '"') return string(reading);
    if (character(reading, '{')) return inside(reading, JSON_OBJECT, depth);
    if (character(reading, '[')) return inside(reading, JSON_ARRAY, depth);
    if (word(reading, "true")) return append(reading, JSON_TRUE, reading->at, 0) >= 0;
    if (word(reading, "false")) return append(reading, JSON_FALSE, reading->at, 0) >= 0;
    if (word(reading, "null")) return append(reading, JSON_NULL, reading->at, 0) >= 0;
    return number(reading);
}

Json *json_read(const char *text, size_t length) {
    Reading reading = {.at = text, .end = text + length};
    if (value(&reading, 0)) {
        skip_space(&reading);
        if (reading.at == reading.end) return reading.values;
    }
    free(reading.values);
    return NULL;
}

int json_is(const Json *value, const char *text) {
    return value && value->kind == JSON_STRING && strlen(text) == value->length && !memcmp(value->text, text, value->length);
}

const Json *json_member(const Json *object, const char *key) {
    const Json *found = NULL;
    if (!object || object->kind != JSON_OBJECT) return NULL;
    const Json *name = object + 1;
    for (uint32_t i = 0; i < object->size; i++, name = json_next(name + 1))
        if (json_is(name, key)) found = name + 1;
    return found;
}

/* The number in a text, whatever the process's locale takes for a decimal point. */
int json_number(const Json *value, double *result) {
    char copy[400];
    if (!value || (value->kind != JSON_INTEGER && value->kind != JSON_REAL) || value->length >= sizeof copy) return 0;
    memcpy(copy, value->text, value->length);
    copy[value->length] = 0;
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), before;
    if (!c) return 0;
    before = uselocale(c);
    char *end;
    *result = strtod(copy, &end);
    uselocale(before);
    freelocale(c);
    return *end == 0;
}

int json_integer(const Json *value, int64_t *result) {
    double number;
    if (!value || value->kind != JSON_INTEGER || !json_number(value, &number) || fabs(number) > 9e15) return 0;
    *result = (int64_t)number;
    return 1;
}

static int hexadecimal(const char *text, uint32_t *result) {
    *result = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF", *found = text[i] ? strchr(digits, text[i]) : NULL;
        if (!found) return 0;
        *result = *result << 4 | (uint32_t)((found - digits) & 15);
    }
    return 1;
}

static char *encode(char *out, uint32_t code) {
    if (code < 0x80) *out++ = (char)code;
    else if (code < 0x800) *out++ = (char)(0xc0 | code >> 6), *out++ = (char)(0x80 | (code & 63));
    else {
        if (code < 0x10000) *out++ = (char)(0xe0 | code >> 12);
        else *out++ = (char)(0xf0 | code >> 18), *out++ = (char)(0x80 | (code >> 12 & 63));
        *out++ = (char)(0x80 | (code >> 6 & 63)), *out++ = (char)(0x80 | (code & 63));
    }
    return out;
}

char *json_unescape(const Json *string, size_t *length) {
    static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char *result = malloc(string->length + 1), *out = result; /* what is escaped is longer than what is meant */
    const char *at = string->text, *end = at + string->length;
    while (result && at < end) {
        if (*at != '\\') {
            *out++ = *at++;
            continue;
        }
        const char *simple = strchr(escapes, at[1]);
        uint32_t code, second;
        if (simple && at[1]) *out++ = meant[simple - escapes], at += 2;
        else if (at[1] == 'u' && end - at >= 6 && hexadecimal(at + 2, &code)) {
            at += 6;
            if (code >> 10 == 0x36 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' && hexadecimal(at + 2, &second)
                && second >> 10 == 0x37) code = 0x10000 + ((code & 0x3ff) << 10 | (second & 0x3ff)), at += 6;
            out = encode(out, code);
        } else {
            free(result);
            return NULL;
        }
    }
    if (result) *out = 0, *length = (size_t)(out - result);
    return result;
}
