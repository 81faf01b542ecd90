/* Tests of train/safetensors_write.c, and of reading what it writes, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tmp.h"
#include "train/safetensors.h"

static const float numbers[] = {1, 2, 3, 4, 5, 6};
static const uint64_t counters[] = {7, 8};

static const struct st_tensor some[] = {
    {"b", ST_F32, 1, {2}, numbers, 8},    {"a", ST_F32, 2, {3, 1}, numbers + 1, 12},
    {"flag", ST_BOOL, 0, {0}, "\1", 1},   {"n", ST_U64, 1, {2}, counters, 16},
    {"i", ST_I64, 0, {0}, counters, 8},   {"d", ST_F64, 0, {0}, counters, 8},
    {"none", ST_F16, 2, {0, 4}, NULL, 0}, {"h", ST_F16, 1, {1}, "xy", 2},
    {"bf", ST_BF16, 1, {1}, "zw", 2},     {"j", ST_I32, 1, {1}, numbers, 4},
    {"u", ST_U32, 1, {1}, numbers, 4},    {"s", ST_I16, 1, {1}, "12", 2},
    {"us", ST_U16, 1, {1}, "34", 2},      {"c", ST_I8, 1, {1}, "5", 1},
    {"uc", ST_U8, 1, {1}, "6", 1},
};
#define N_SOME ((int)(sizeof some / sizeof *some))

static const struct st_meta some_meta[] = {
    {"key", "line\n\t\"quoted\" \\ \x01\x1f\x7f / \xc3\xa9"}};

/* What safetensors 0.8.0 (Python, Rust) writes for the same; bf by its documented order. */
static const char some_header[] =
    "{\"__metadata__\":{\"key\":\"line\\n\\t\\\"quoted\\\" \\\\ \\u0001\\u001f\x7f / \xc3\xa9\"},"
    "\"n\":{\"dtype\":\"U64\",\"shape\":[2],\"data_offsets\":[0,16]},"
    "\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]},"
    "\"d\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[24,32]},"
    "\"a\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[32,44]},"
    "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[44,52]},"
    "\"u\":{\"dtype\":\"U32\",\"shape\":[1],\"data_offsets\":[52,56]},"
    "\"j\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[56,60]},"
    "\"bf\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[60,62]},"
    "\"h\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[62,64]},"
    "\"none\":{\"dtype\":\"F16\",\"shape\":[0,4],\"data_offsets\":[64,64]},"
    "\"us\":{\"dtype\":\"U16\",\"shape\":[1],\"data_offsets\":[64,66]},"
    "\"s\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[66,68]},"
    "\"c\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[68,69]},"
    "\"uc\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[69,70]},"
    "\"flag\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[70,71]}}";

static struct blob serialise(const struct st_tensor *t, int nt, const struct st_meta *m, int nm)
{
    struct err e = {0};
    struct blob b;
    if (safetensors_serialise(t, nt, m, nm, &b, &e) < 0)
        fail_msg("%s", e.msg);
    return b;
}

static void test_bytes(void **state)
{
    (void)state;
    struct blob b = serialise(some, N_SOME, some_meta, 1);
    size_t n = strlen(some_header), padded = (n + 7) / 8 * 8;
    assert_int_equal((unsigned char)b.data[0] | (unsigned char)b.data[1] << 8, padded);
    assert_memory_equal(b.data + 2, "\0\0\0\0\0\0", 6);
    assert_memory_equal(b.data + 8, some_header, n);
    for (size_t i = n; i < padded; i++)
        assert_int_equal(b.data[8 + i], ' ');
    assert_int_equal(b.size, 8 + padded + 71);
    assert_memory_equal(b.data + 8 + padded, counters, 16);
    assert_memory_equal(b.data + 8 + padded + 32, numbers + 1, 12);
    assert_memory_equal(b.data + 8 + padded + 60,
                        "zwxy3412"
                        "56\1",
                        11);
    blob_free(&b);
    b = serialise(NULL, 0, NULL, 0);
    assert_int_equal(b.size, 16);
    assert_memory_equal(b.data, "\10\0\0\0\0\0\0\0{}      ", 16);
    blob_free(&b);
}

/* In whatever order tensors and metadata come, the bytes are the same. */
static void test_order(void **state)
{
    (void)state;
    struct st_tensor t[N_SOME];
    struct st_meta m[] = {{"epoch", "3"}, {"a", "x"}, {"config", "[net]"}, {"", ""}};
    struct st_meta sorted[] = {{"", ""}, {"a", "x"}, {"config", "[net]"}, {"epoch", "3"}};
    struct blob a = serialise(some, N_SOME, sorted, 4);
    struct rng r = rng_stream(1, "test", "", 0);
    for (int k = 0; k < 20; k++) {
        memcpy(t, some, sizeof t);
        for (uint32_t i = N_SOME; i > 1; i--) {
            uint32_t j = rng_below(&r, i);
            struct st_tensor x = t[j];
            t[j] = t[i - 1];
            t[i - 1] = x;
        }
        struct blob b = serialise(t, N_SOME, m, 4);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        blob_free(&b);
    }
    blob_free(&a);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct err e = {0};
    struct blob b = serialise(some, N_SOME, some_meta, 1), c;
    struct safetensors st;
    assert_int_equal(io_write_atomic("round.safetensors", &b, 1, &e), 0);
    if (safetensors_read(&st, "round.safetensors", &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(st.n_tensors, N_SOME);
    for (int i = 0; i < N_SOME; i++) {
        const struct st_tensor *t = safetensors_find(&st, some[i].name);
        assert_non_null(t);
        assert_int_equal(t->dtype, some[i].dtype);
        assert_int_equal(t->nd, some[i].nd);
        assert_memory_equal(t->dim, some[i].dim, (size_t)t->nd * sizeof *t->dim);
        assert_int_equal(t->bytes, some[i].bytes);
        assert_int_equal((uintptr_t)t->data % st_dtype_size(t->dtype), 0);
        if (t->bytes > 0)
            assert_memory_equal(t->data, some[i].data, t->bytes);
    }
    assert_string_equal(safetensors_meta(&st, "key"), some_meta[0].value);
    c = serialise(st.tensors, st.n_tensors, st.meta, st.n_meta);
    assert_int_equal(b.size, c.size);
    assert_memory_equal(b.data, c.data, b.size);
    blob_free(&b);
    blob_free(&c);
    safetensors_free(&st);
    assert_int_equal(safetensors_read(&st, "missing.safetensors", &e), -1);
    assert_int_equal(e.kind, ERR_DATA);
    assert_true(strncmp(e.msg, "cannot open missing.safetensors (in ", 36) == 0);
    safetensors_free(&st);
}

static void refuse_write(const struct st_tensor *t, int nt, const struct st_meta *m, int nm,
                         const char *message)
{
    struct err e = {0};
    struct blob b;
    size_t live = mem_live();
    assert_int_equal(safetensors_serialise(t, nt, m, nm, &b, &e), -1);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_string_equal(e.msg, message);
    assert_null(b.data);
    assert_int_equal(mem_live(), live);
}

static void test_refuses_to_write(void **state)
{
    (void)state;
    struct st_tensor twice[] = {{"a", ST_F32, 0, {0}, numbers, 4}, {"a", ST_U8, 0, {0}, "x", 1}};
    refuse_write(twice, 2, NULL, 0, "cannot save tensor 'a' twice");
    struct st_meta meta[] = {{"k", "1"}, {"x", "2"}, {"k", "3"}};
    refuse_write(NULL, 0, meta, 3, "cannot save metadata 'k' twice");
    struct st_tensor size = {"a", ST_F32, 1, {2}, numbers, 4};
    refuse_write(&size, 1, NULL, 0, "cannot save tensor 'a': its name or size is wrong");
    struct st_tensor over = {"a", ST_F32, 2, {UINT64_MAX, 2}, numbers, SIZE_MAX - 7};
    refuse_write(&over, 1, NULL, 0, "cannot save tensor 'a': its name or size is wrong");
    struct st_tensor reserved = {"__metadata__", ST_F32, 0, {0}, numbers, 4};
    refuse_write(&reserved, 1, NULL, 0,
                 "cannot save tensor '__metadata__': its name or size is wrong");
    struct st_tensor name = {"\xff", ST_F32, 0, {0}, numbers, 4};
    refuse_write(&name, 1, NULL, 0, "cannot save '\xff': not valid UTF-8");
    struct st_meta value = {"k", "caf\xe9"};
    refuse_write(NULL, 0, &value, 1, "cannot save 'caf\xe9': not valid UTF-8");
}

static struct blob copy(const struct blob *b, size_t n)
{
    struct err e = {0};
    struct blob c = {mem_alloc(n + 1, 1, &e), n};
    assert_non_null(c.data);
    memcpy(c.data, b->data, n < b->size ? n : b->size);
    return c;
}

/* Any bytes: an answer, never a fault, and nothing is left behind. */
static bool survives(struct blob b)
{
    struct err e = {0};
    struct safetensors st;
    bool ok = safetensors_parse(&st, "f", &b, &e) == 0;
    assert_int_equal(ok ? ERR_NONE : ERR_DATA, e.kind);
    safetensors_free(&st);
    return ok;
}

static void test_cut_everywhere(void **state)
{
    (void)state;
    struct blob b = serialise(some, N_SOME, some_meta, 1);
    size_t live = mem_live();
    for (size_t n = 0; n < b.size; n++)
        assert_false(survives(copy(&b, n)));
    assert_false(survives(copy(&b, b.size + 1)));
    assert_true(survives(copy(&b, b.size)));
    assert_int_equal(mem_live(), live);
    blob_free(&b);
}

static void test_mutations(void **state)
{
    (void)state;
    struct blob b = serialise(some, N_SOME, some_meta, 1);
    struct rng r = rng_stream(2, "test", "", 0);
    static const char bytes[] = "\"{}[],:0129\\ue-. \xff\xc3";
    size_t live = mem_live(), peak = mem_peak();
    for (int k = 0; k < 20000; k++) {
        struct blob c = copy(&b, b.size);
        for (uint32_t i = 0, n = 1 + rng_below(&r, 3); i < n; i++) {
            /* mostly inside the header */
            size_t at = rng_below(&r, 4) ? 8 + rng_below(&r, 900) : rng_below(&r, (uint32_t)b.size);
            c.data[at] = bytes[rng_below(&r, sizeof bytes)];
        }
        survives(c);
    }
    assert_int_equal(mem_live(), live);
    assert_true(mem_peak() < peak + (1 << 20));
    blob_free(&b);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct blob b = serialise(some, N_SOME, some_meta, 1);
    size_t live = mem_live();
    bool failed = true;
    for (int i = 1; failed; i++) {
        struct err e = {0};
        struct safetensors st;
        struct blob c = copy(&b, b.size), out;
        mem_fail_at(i);
        int r = safetensors_parse(&st, "f", &c, &e);
        if (r == 0) {
            r = safetensors_serialise(st.tensors, st.n_tensors, st.meta, st.n_meta, &out, &e);
            blob_free(&out);
        }
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(r, failed ? -1 : 0);
        assert_int_equal(e.kind, failed ? ERR_INTERNAL : ERR_NONE);
        safetensors_free(&st);
        assert_int_equal(mem_live(), live);
    }
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),          cmocka_unit_test(test_order),
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_refuses_to_write),
        cmocka_unit_test(test_cut_everywhere), cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
