/* JSON, read into values that point into its text. As Python's json reads it: NaN and Infinity are numbers. */
#ifndef PGML_JSON_H
#define PGML_JSON_H

#include <stddef.h>
#include <stdint.h>

typedef enum { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_INTEGER, JSON_REAL, JSON_TRUE, JSON_FALSE, JSON_NULL } JsonKind;

/* A value lies right before those inside it, `next` values before what follows it. Of an object, each key lies before
 * its value. Of a string, text and length leave out its quotes, and what it escapes stays escaped. */
typedef struct { JsonKind kind; uint32_t size, next; size_t length; const char *text; } Json;

/* Return the values of a text, to be freed; NULL where it is no JSON, nests too deeply, or memory is out. */
Json *json_read(const char *text, size_t length);
/* Return the value of that key, the last where there are several; NULL where there is none, or this is no object. */
const Json *json_member(const Json *object, const char *key);
/* The next value on the same level: of an array, of its items; of an object, of its keys and values in turn. */
static inline const Json *json_next(const Json *value) { return value + value->next; }
int json_is(const Json *string, const char *text);
int json_integer(const Json *, int64_t *);                     /* whether it is a whole number, and fits */
int json_number(const Json *, double *);                       /* whether it is a number */
char *json_unescape(const Json *string, size_t *length);       /* to be freed; NULL where an escape is none */

#endif
