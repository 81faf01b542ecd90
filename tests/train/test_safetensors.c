/* Tests of train/safetensors.c: what it refuses and what it accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "train/safetensors.h"

#include <stdio.h>
#include <string.h>

/* A file in memory: the header's length, the header, then `body` bytes 1, 2, 3, ... */
static struct blob make(const char *header, size_t body)
{
    struct err e = {0};
    size_t n = strlen(header);
    struct blob b = {.size = 8 + n + body};
    b.data = mem_alloc(b.size + 1, 1, &e);
    assert_non_null(b.data);
    for (int i = 0; i < 8; i++)
        b.data[i] = (char)(n >> (8 * i));
    memcpy(b.data + 8, header, n);
    for (size_t i = 0; i < body; i++)
        b.data[8 + n + i] = (char)(i + 1);
    return b;
}

static struct blob copy(const struct blob *b, size_t n)
{
    struct err e = {0};
    struct blob c = {mem_alloc(n + 1, 1, &e), n};
    assert_non_null(c.data);
    memcpy(c.data, b->data, n < b->size ? n : b->size);
    return c;
}

/* Takes the bytes over. A message that ends in "..." may go on in any way: what libraries say
 * differs from version to version. */
static void refuse(struct blob b, const char *message)
{
    size_t n = strlen(message);
    struct err e = {0};
    struct safetensors st;
    int r = safetensors_parse(&st, "f", &b, &e);
    assert_null(b.data);
    safetensors_free(&st);
    if (r == 0)
        fail_msg("accepted, instead of: %s", message);
    assert_int_equal(e.kind, ERR_DATA);
    if (n > 3 && strcmp(message + n - 3, "...") == 0)
        assert_memory_equal(e.msg, message, n - 3);
    else
        assert_string_equal(e.msg, message);
}

static void accept(struct safetensors *st, struct blob b)
{
    struct err e = {0};
    if (safetensors_parse(st, "f", &b, &e) < 0)
        fail_msg("%s", e.msg);
}

#define U8(name, shape, offsets)                                                                   \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *header;
    size_t body;
    const char *message;
} hostile[] = {
    /* not JSON */
    {"", 0, "f: its header does not start with '{'"},
    {" {}", 0, "f: its header does not start with '{'"},
    {"[]", 0, "f: its header does not start with '{'"},
    {"null", 0, "f: its header does not start with '{'"},
    {"\xef\xbb\xbf{}", 0, "f: its header does not start with '{'"},
    {"{", 0, "f: its header is not valid JSON: ..."},
    {"{}x", 0, "f: its header is not valid JSON: ..."},
    {"{}{}", 0, "f: its header is not valid JSON: ..."},
    {"{\"a\"}", 0, "f: its header is not valid JSON: ..."},
    {"{'a':1}", 0, "f: its header is not valid JSON: ..."},
    {"{\"a\":1,}", 0, "f: its header is not valid JSON: ..."},
    {"{\"a\":\"\xff\"}", 0, "f: its header is not valid JSON: ..."},
    {"{\"\xc0\x80\":1}", 0, "f: its header is not valid JSON: ..."},
    {"{\"\\ud800\":1}", 0, "f: its header is not valid JSON: ..."},
    {"{\"a\\u0000\":1}", 0, "f: its header is not valid JSON: ..."},
    {"{\"a\nb\":1}", 0, "f: its header is not valid JSON: ..."},
    {"{\"a\":NaN}", 0, "f: its header is not valid JSON: ..."},
    {"{\"a\":99999999999999999999}", 0, "f: its header is not valid JSON: ..."},
    {"{\"a\":1e999}", 0, "f: its header is not valid JSON: ..."},
    /* twice */
    {"{" U8("a", "[1]", "[0,1]") "," U8("a", "[1]", "[1,2]") "}", 2,
     "f: its header is not valid JSON: duplicate object key near '\"a\"'..."},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1,
     "f: its header is not valid JSON: duplicate object key near '\"dtype\"'..."},
    {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0,
     "f: its header is not valid JSON: duplicate object key near '\"k\"'..."},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0,
     "f: its header is not valid JSON: duplicate object key near '\"__metadata__\"'..."},
    /* metadata */
    {"{\"__metadata__\":null}", 0, "f: __metadata__ is not an object"},
    {"{\"__metadata__\":\"x\"}", 0, "f: __metadata__ is not an object"},
    {"{\"__metadata__\":[]}", 0, "f: __metadata__ is not an object"},
    {"{\"__metadata__\":{\"k\":1}}", 0, "f: metadata 'k' is not a string"},
    {"{\"__metadata__\":{\"k\":null}}", 0, "f: metadata 'k' is not a string"},
    {"{\"__metadata__\":{\"a\":\"\",\"k\":{\"x\":\"y\"}}}", 0, "f: metadata 'k' is not a string"},
    {"{\"__metadata__\":{\"k\\n\\u001b[2J\":1}}", 0, "f: metadata 'k??[2J' is not a string"},
    /* a tensor's entry */
    {"{\"a\":1}", 0, "f: tensor 'a': its entry is not an object"},
    {"{\"a\":[]}", 0, "f: tensor 'a': its entry is not an object"},
    {"{\"a\":{}}", 0, "f: tensor 'a': no dtype"},
    {"{\"a\":{\"dtype\":1}}", 0, "f: tensor 'a': no dtype"},
    {"{\"a\":{\"dtype\":\"f32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4,
     "f: tensor 'a': its dtype is not one of U64 I64 F64 F32 U32 I32 BF16 F16 U16 I16 I8 U8 BOOL"},
    {"{\"a\":{\"dtype\":\"\",\"shape\":[],\"data_offsets\":[0,4]}}", 4,
     "f: tensor 'a': its dtype is not one of U64 I64 F64 F32 U32 I32 BF16 F16 U16 I16 I8 U8 BOOL"},
    {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "f: tensor 'a': no shape"},
    {"{" U8("a", "1", "[0,1]") "}", 1, "f: tensor 'a': no shape"},
    {"{" U8("a", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, "f: tensor 'a': more than 8 dimensions"},
    {"{" U8("a", "[-1]", "[0,1]") "}", 1,
     "f: tensor 'a': its shape is not made of whole numbers from 0"},
    {"{" U8("a", "[1.0]", "[0,1]") "}", 1,
     "f: tensor 'a': its shape is not made of whole numbers from 0"},
    {"{" U8("a", "[\"1\"]", "[0,1]") "}", 1,
     "f: tensor 'a': its shape is not made of whole numbers from 0"},
    {"{" U8("a", "[4294967296,4294967296]", "[0,0]") "}", 0,
     "f: tensor 'a': the product of its shape is too large"},
    {"{" U8("a", "[9223372036854775807,2,2]", "[0,1]") "}", 1,
     "f: tensor 'a': the product of its shape is too large"},
    {"{" U8("a", "[4294967296,4294967296,0]", "[0,0]") "}", 0,
     "f: tensor 'a': the product of its shape is too large"},
    {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0,
     "f: tensor 'a': the product of its shape is too large"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1,
     "f: tensor 'a': its data_offsets are not two whole numbers from 0"},
    {"{" U8("a", "[1]", "[0]") "}", 1,
     "f: tensor 'a': its data_offsets are not two whole numbers from 0"},
    {"{" U8("a", "[1]", "[0,1,2]") "}", 1,
     "f: tensor 'a': its data_offsets are not two whole numbers from 0"},
    {"{" U8("a", "[1]", "[-1,0]") "}", 1,
     "f: tensor 'a': its data_offsets are not two whole numbers from 0"},
    {"{" U8("a", "[1]", "[0.0,1]") "}", 1,
     "f: tensor 'a': its data_offsets are not two whole numbers from 0"},
    {"{" U8("a", "[1]", "{}") "}", 1,
     "f: tensor 'a': its data_offsets are not two whole numbers from 0"},
    {"{" U8("a", "[1]", "[1,0]") "}", 1, "f: tensor 'a': its data_offsets run backwards"},
    {"{" U8("a", "[2]", "[0,1]") "}", 1,
     "f: tensor 'a': its data_offsets do not fit its dtype and shape"},
    {"{" U8("a", "[0]", "[0,1]") "}", 1,
     "f: tensor 'a': its data_offsets do not fit its dtype and shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2,
     "f: tensor 'a': its data_offsets do not fit its dtype and shape"},
    {"{" U8("a", "[2]", "[0,2]") "}", 1,
     "f: tensor 'a': its data lies beyond the end of the file (cut short?)"},
    {"{" U8("a", "[1000000000000]", "[0,1000000000000]") "}", 1,
     "f: tensor 'a': its data lies beyond the end of the file (cut short?)"},
    {"{" U8("a", "[1]", "[9223372036854775806,9223372036854775807]") "}", 1,
     "f: tensor 'a': its data lies beyond the end of the file (cut short?)"},
    /* how tensors lie */
    {"{" U8("a", "[2]", "[0,2]") "," U8("b", "[2]", "[1,3]") "}", 3,
     "f: tensor 'b': its data overlaps another tensor's"},
    {"{" U8("a", "[2]", "[0,2]") "," U8("b", "[2]", "[0,2]") "}", 2,
     "f: tensor 'b': its data overlaps another tensor's"},
    {"{" U8("a", "[3]", "[0,3]") "," U8("b", "[1]", "[1,2]") "}", 3,
     "f: tensor 'b': its data overlaps another tensor's"},
    {"{" U8("a", "[3]", "[0,3]") "," U8("b", "[0]", "[1,1]") "}", 3,
     "f: tensor 'b': its data overlaps another tensor's"},
    {"{" U8("a", "[1]", "[0,1]") "," U8("b", "[1]", "[2,3]") "}", 3,
     "f: tensor 'b': there is a hole in front of its data"},
    {"{" U8("a", "[1]", "[1,2]") "}", 2, "f: tensor 'a': there is a hole in front of its data"},
    {"{" U8("a", "[0]", "[1,1]") "}", 1, "f: tensor 'a': there is a hole in front of its data"},
    {"{" U8("a", "[1]", "[0,1]") "}", 2, "f: 1 bytes behind the last tensor"},
    {"{}", 5, "f: 5 bytes behind the last tensor"},
    {"{" U8("\\u001b[31m\\r", "[2]", "[0,1]") "}", 1,
     "f: tensor '?[31m?': its data_offsets do not fit its dtype and shape"},
};

static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        refuse(make(hostile[i].header, hostile[i].body), hostile[i].message);
}

static void test_lengths(void **state)
{
    (void)state;
    struct blob whole = make("{}", 0), b;
    for (size_t n = 0; n < 8; n++) {
        char want[80];
        snprintf(want, sizeof want, "f: not a safetensors file: only %zu bytes", n);
        refuse(copy(&whole, n), want);
    }
    refuse(copy(&whole, 9), "f: its header of 2 bytes goes beyond the end of the file");
    b = copy(&whole, 8);
    b.data[0] = 0;
    refuse(b, "f: its header does not start with '{'");
    b = copy(&whole, 10);
    b.data[7] = (char)0xff;
    refuse(b, "f: not a safetensors file: a header of 18374686479671623682 bytes");
    b = copy(&whole, 10);
    memcpy(b.data, "\x00\xe1\xf5\x05\x00\x00\x00\x00", 8); /* 100 million: as far as allowed */
    refuse(b, "f: its header of 100000000 bytes goes beyond the end of the file");
    b = copy(&whole, 10);
    memcpy(b.data, "\x01\xe1\xf5\x05\x00\x00\x00\x00", 8);
    refuse(b, "f: not a safetensors file: a header of 100000001 bytes");
    blob_free(&whole);
}

/* A name of any length leaves room for what is wrong; deep and wide headers cost little. */
static void test_huge(void **state)
{
    (void)state;
    struct err e = {0};
    size_t n = 5 << 20;
    char *s = mem_alloc(n + 1, 1, &e);
    memset(s, 'n', n);
    memcpy(s, "{\"", 2);
    memcpy(s + n - 4, "\":1}", 4);
    char want[200];
    snprintf(want, sizeof want, "f: tensor '%.80s...': its entry is not an object", s + 2);
    refuse(make(s, 0), want);
    memset(s, '[', n);
    memcpy(s, "{\"a\":", 5);
    refuse(make(s, 0), "f: its header has more than 2000000 values");
    s[1000000] = '\0';
    refuse(make(s, 0), "f: its header is not valid JSON: ...");
    for (size_t i = 5; i < 1000000; i++)
        s[i] = i % 2 ? '[' : ',';
    size_t live = mem_live();
    refuse(make(s, 0), "f: its header is not valid JSON: ...");
    assert_int_equal(mem_live(), live);
    mem_free(s);
}

static void test_accepts(void **state)
{
    (void)state;
    struct safetensors st;
    static const char *const empty[] = {"{}", "{}      ", "{ } \n", "{\"__metadata__\":{}}"};
    for (int i = 0; i < 4; i++) {
        accept(&st, make(empty[i], 0));
        assert_int_equal(st.n_tensors + st.n_meta, 0);
        assert_null(safetensors_find(&st, ""));
        assert_null(safetensors_meta(&st, ""));
        safetensors_free(&st);
    }
    /* any order, empty tensors between others, no dimensions, unknown keys, any names */
    accept(&st,
           make("{" U8("z", "[2]", "[1,3]") ",\"__metadata__\":{\"b\":\"2\",\"\":\"\\u00e9\","
                                            "\"a\":\"1\"}," U8("e", "[3,0]", "[1,1]") "," U8(
                                                "", "[]", "[0,1]") "," U8("\xc3\xa9",
                                                                          "[0,9223372036854775807]",
                                                                          "[3,3]") "}",
                3));
    assert_int_equal(st.n_tensors, 4);
    const char *const order[] = {"", "e", "z", "\xc3\xa9"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(st.tensors[i].name, order[i]);
    const struct st_tensor *t = safetensors_find(&st, "z");
    assert_int_equal(t->nd, 1);
    assert_int_equal(t->dim[0], 2);
    assert_int_equal(t->bytes, 2);
    assert_memory_equal(t->data, "\2\3", 2);
    t = safetensors_find(&st, "");
    assert_int_equal(t->nd, 0);
    assert_memory_equal(t->data, "\1", 1);
    assert_string_equal(safetensors_meta(&st, "a"), "1");
    assert_string_equal(safetensors_meta(&st, "b"), "2");
    assert_string_equal(safetensors_meta(&st, ""), "\xc3\xa9");
    assert_null(safetensors_meta(&st, "c"));
    assert_null(safetensors_find(&st, "c"));
    safetensors_free(&st);
    safetensors_free(&st);
}

/* Tensors that lie anywhere are given aligned. */
static void test_unaligned(void **state)
{
    (void)state;
    struct safetensors st;
    for (int pad = 0; pad < 8; pad++) {
        char header[400];
        snprintf(header, sizeof header,
                 "{" U8("a", "[1]",
                        "[0,1]") ",\"b\":{\"dtype\":\"F64\",\"shape\":[2],"
                                 "\"data_offsets\":[1,17]},\"c\":{\"dtype\":\"I16\",\"shape\":[1],"
                                 "\"data_offsets\":[17,19]}}%*s",
                 pad, "");
        accept(&st, make(header, 19));
        const unsigned char *a = safetensors_find(&st, "a")->data;
        const unsigned char *b = safetensors_find(&st, "b")->data;
        const unsigned char *c = safetensors_find(&st, "c")->data;
        assert_int_equal((uintptr_t)b % 8, 0);
        assert_int_equal((uintptr_t)c % 2, 0);
        assert_int_equal(a[0], 1);
        for (int i = 0; i < 16; i++)
            assert_int_equal(b[i], i + 2);
        assert_int_equal(c[0], 18);
        assert_int_equal(c[1], 19);
        safetensors_free(&st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile),   cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_huge),      cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_unaligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
