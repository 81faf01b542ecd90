/* Tests of data/formats/csv.c and data/fields.c. What is refused is in tests/files/bad_data. */
#include "data/help.h"

#include "data/fields.h"
#include "tmp.h"

#include <locale.h>
#include <zlib.h>

#define IRIS                                                                                       \
    "sepal,petal,species\n"                                                                        \
    "5.1,1.4,setosa\n"                                                                             \
    "6.2,4.5,virginica\n"                                                                          \
    "5.0,1.3,setosa\n"
static const real iris[] = {(real)5.1, (real)1.4, (real)6.2, (real)4.5, (real)5.0, (real)1.3};

/* ---- how a table may be written ---- */

/* The same three samples in other words. */
static void test_layouts(void **state)
{
    static const struct {
        const char *path, *lines, *text;
    } cases[] = {
        {"a.csv", "", IRIS},
        {"a.data", "", IRIS},
        {"a.csv", "header = yes\ndelimiter = comma\ntarget_columns = species", IRIS},
        {"a.csv", "", "\xef\xbb\xbf" IRIS},
        {"a.csv", "", "5.1,1.4,setosa\n6.2,4.5,virginica\n5.0,1.3,setosa"},
        {"a.csv", "", "sepal,petal,species\r\n5.1,1.4,setosa\r\n6.2,4.5,virginica\r\n5,1.3,setosa"},
        {"a.csv", "", "5.1,1.4,setosa\r\n6.2,4.5,virginica\r\n5,1.3,setosa\r\n\r\n \n"},
        {"a.csv", "", "sepal;petal;species\n5.1;1.4;setosa\n6.2;4.5;virginica\n5;1.3;setosa\n"},
        {"a.tsv", "",
         "sepal\tpetal\tspecies\n5.1\t1.4\tsetosa\n6.2\t4.5\tvirginica\n5\t1.3\tsetosa\n"},
        {"a.csv", "", "sepal petal species\n 5.1  1.4 setosa\n6.2 4.5 virginica \n5\t1.3 setosa\n"},
        {"a.txt", "format = csv\ndelimiter = space",
         "5.1 1.4 setosa\n6.2 4.5 virginica\n5 1.3 setosa\n"},
        {"a.csv", "",
         "sepal , petal,species\n 5.1, 1.4 ,setosa\n6.2\t,4.5, virginica\n5,1.3,setosa \n"},
        {"a.csv", "",
         "\"sepal\",\"petal\",\"species\"\n\"5.1\",1.4,\"setosa\"\n 6.2 , \"4.5\" "
         ",virginica\n5,1.3,"
         "setosa\n"},
        {"a.csv", "ignore = note, 1",
         ",sepal,note,petal,species\n1,5.1,\"a, "
         "b\",1.4,setosa\n2,6.2,\"two\nlines\",4.5,virginica\n"
         "3,5,,1.3,setosa\n"},
        {"a.csv", "target_columns = 1",
         "species,sepal,petal\nsetosa,5.1,1.4\nvirginica,6.2,4.5\nsetosa,5,1.3\n"},
        {"a.csv", "target_columns = species",
         "sepal,species,petal\n5.1,setosa,1.4\n6.2,virginica,4.5\n5,setosa,1.3\n"},
        {"a.csv", "target_columns = 2",
         "sepal,2,petal\n5.1,setosa,1.4\n6.2,virginica,4.5\n5,setosa,1.3\nheader = yes"},
        {"a.csv", "",
         "5.1e0,+1.4,setosa\n62e-1,4.50000000000000000000000,virginica\n5.,1.3,setosa\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct samples s;
        const char *yes = strstr(cases[i].text, "header = yes");
        char lines[200];
        snprintf(lines, sizeof lines, "%s%s", cases[i].lines, yes ? "\nheader = yes" : "");
        tmp_write(cases[i].path, cases[i].text,
                  yes ? (size_t)(yes - cases[i].text) : strlen(cases[i].text));
        read_well(&s, cases[i].path, lines);
        same_x(&s, iris, 6);
        same_classes(&s, "setosa virginica", "setosa virginica setosa");
        assert_true(shape_equal(s.shape, (struct shape){2, 1, 1}));
        assert_int_equal(s.k, 0);
        samples_free(&s);
    }
}

static void test_quotes(void **state)
{
    struct samples s;
    (void)state;
    tmp_text(
        "a.csv",
        "x,\"the \"\"y\"\"\",c\n1,2,\"say \"\"no\"\"\"\n3,4,\"a,b\"\n5,6,\"\"\"\"\n7,8,\" c\"\n");
    read_well(&s, "a.csv", "");
    assert_string_equal(s.columns[0], "x");
    assert_string_equal(s.columns[1], "the \"y\"");
    assert_int_equal(s.classes, 4);
    assert_string_equal(s.names[0], " c"); /* blanks inside quotes count */
    assert_string_equal(s.names[1], "\"");
    assert_string_equal(s.names[2], "a,b");
    assert_string_equal(s.names[3], "say \"no\"");
    samples_free(&s);
}

static void test_packed(void **state)
{
    struct samples s;
    (void)state;
    gzFile gz = gzopen("a.csv.gz", "wb");
    assert_int_equal(gzputs(gz, IRIS), (int)strlen(IRIS));
    gzclose(gz);
    read_well(&s, "a.csv.gz", "");
    same_x(&s, iris, 6);
    samples_free(&s);
    assert_int_equal(rename("a.csv.gz", "table"), 0);
    read_well(&s, "table", "");
    same_x(&s, iris, 6);
    samples_free(&s);
}

/* Another language's decimal comma changes nothing. */
static void test_locale(void **state)
{
    struct samples s;
    (void)state;
    tmp_text("a.csv", "1.5,0.1234567890123,a\n-2.5e-3,1e-30,b\n");
    const char *set = setlocale(LC_ALL, "de_DE.UTF-8");
    read_well(&s, "a.csv", "");
    setlocale(LC_ALL, "C");
    if (!set)
        print_message("no German locale here\n");
    same_x(&s, (const real[]){(real)1.5, (real)0.1234567890123, (real)-2.5e-3, (real)1e-30}, 4);
    samples_free(&s);
}

/* ---- what columns are for ---- */

static void test_class_names(void **state)
{
    struct samples s;
    (void)state;
    tmp_text("a.csv", "0,10\n1,9\n2,-1\n3,10.0\n4,+9\n5,0.5\n");
    read_well(&s, "a.csv", ""); /* numbers by value, however they are written */
    same_classes(&s, "-1 0.5 9 10", "10 9 -1 10 9 0.5");
    samples_free(&s);
    tmp_text("a.csv", "0,10\n1,9\n2,b\n3,B\n");
    read_well(&s, "a.csv", ""); /* words by their letters */
    same_classes(&s, "10 9 B b", "10 9 b B");
    samples_free(&s);
    tmp_text("a.csv", "0,\xc3\xa9t\xc3\xa9\n1,NA\n");
    read_well(&s, "a.csv", "");
    same_classes(&s, "NA \xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9 NA");
    samples_free(&s);
}

static void test_values(void **state)
{
    struct samples s;
    (void)state;
    tmp_text("a.csv", "x,y,z\n1,2,3\n4,5,6\n");
    read_well(&s, "a.csv", "target = value");
    same_x(&s, (const real[]){1, 2, 4, 5}, 4);
    assert_true(s.k == 1 && s.classes == 0 && !s.label && !s.names);
    assert_true(s.target[0] == 3 && s.target[1] == 6);
    samples_free(&s);
    read_well(&s, "a.csv", "target = value\ntarget_columns = z, x");
    same_x(&s, (const real[]){2, 5}, 2);
    assert_int_equal(s.k, 2);
    assert_true(s.target[0] == 3 && s.target[1] == 1 && s.target[2] == 6 && s.target[3] == 4);
    assert_string_equal(s.columns[0], "y");
    samples_free(&s);
    read_badly("a.csv", "target_columns = z, x",
               "a.csv: 2 target columns are values to learn: that needs target = value");
}

static void test_inputs_alone(void **state)
{
    struct samples s;
    (void)state;
    tmp_text("a.csv", IRIS);
    read_well(&s, "a.csv", "target = input\ntarget_columns = species"); /* kept for analysis */
    same_x(&s, iris, 6);
    same_classes(&s, "setosa virginica", "setosa virginica setosa");
    samples_free(&s);
    read_well(&s, "a.csv", "target = input\nignore = species");
    same_x(&s, iris, 6);
    assert_true(!s.label && !s.target && s.classes == 0 && s.k == 0);
    samples_free(&s);
    tmp_text("a.csv", "1,2,9\n4,5,6\n");
    read_well(&s, "a.csv", "target = input");
    same_x(&s, (const real[]){1, 2, 9, 4, 5, 6}, 6);
    samples_free(&s);
}

/* Numbers in c, h, w order become an image of the stated shape. */
static void test_shape(void **state)
{
    struct samples s;
    (void)state;
    tmp_text("a.csv", "11,12,13,14,21,22,23,24,x\n31,32,33,34,41,42,43,44,y\n");
    read_well(&s, "a.csv", "shape = 2x2x2");
    assert_true(shape_equal(s.shape, (struct shape){2, 2, 2}));
    same_x(&s, (const real[]){11, 21, 12, 22, 13, 23, 14, 24, 31, 41, 32, 42, 33, 43, 34, 44}, 16);
    samples_free(&s);
    read_well(&s, "a.csv", "shape = 3x3"); /* data_load says what is wrong */
    assert_true(shape_equal(s.shape, (struct shape){8, 1, 1}));
    samples_free(&s);
}

/* A file for a net that is there: with or without its targets. */
static void test_further(void **state)
{
    static const struct {
        const char *text;
        bool labels;
    } cases[] = {
        {IRIS, true},
        {"5.1,1.4\n6.2,4.5\n5.0,1.3\n", false},
        {"sepal,petal\n5.1,1.4\n6.2,4.5\n5.0,1.3\n", false},
        {"5.1,1.4,setosa\n6.2,4.5,virginica\n5.0,1.3,setosa\n", true},
    };
    char *names[] = {"anything", "setosa", "virginica"}, *columns[] = {"species"}, *id[] = {"id"};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct data_conf c = {.ignore = {1, id}};
        struct samples s;
        struct err e = {0};
        if (i % 2 && i / 2 < 3) /* a name works where there is a header, or no target */
            c.target_columns = (struct name_list){1, columns};
        c = data_conf_further(&c, (struct shape){2, 1, 1}, 3, names, "");
        c.no_target = true;
        tmp_text("a.csv", cases[i / 2].text);
        if (data_read_file(&s, "a.csv", "", &c, &e))
            fail_msg("%s", e.msg);
        same_x(&s, iris, 6);
        assert_int_equal(s.classes, cases[i / 2].labels ? 3 : 0);
        if (cases[i / 2].labels)
            same_classes(&s, "anything setosa virginica", "setosa virginica setosa");
        else
            assert_true(!s.label && !s.target && !s.names);
        samples_free(&s);
    }
}

/* Numbers that count may be a header in a first file; in a further one they are a sample. */
static void test_counting(void **state)
{
    const struct data_conf plain = {.no_target = true};
    struct data_conf c = data_conf_further(&plain, (struct shape){3, 1, 1}, 0, NULL, NULL);
    struct samples s;
    struct err e = {0};
    (void)state;
    tmp_text("a.csv", "1,2,3\n7,8,9\n");
    assert_int_equal(data_read_file(&s, "a.csv", "", &c, &e), 0);
    same_x(&s, (const real[]){1, 2, 3, 7, 8, 9}, 6);
    samples_free(&s);
    read_well(&s, "a.csv", "header = yes");
    assert_int_equal(s.n, 1);
    assert_string_equal(s.columns[1], "2");
    samples_free(&s);
    read_badly("a.csv", "",
               "a.csv:1: column 1: '1' and what follows may count the columns: say whether this "
               "line names the columns with header = yes or header = no");
}

static void test_too_many_classes(void **state)
{
    static struct script text;
    struct samples s;
    (void)state;
    text.n = 0;
    for (int i = 0; i < 101; i++)
        say(&text, "%d,%d.5\n", i, i);
    tmp_text("a.csv", text.s);
    read_badly("a.csv", "",
               "a.csv:1: more than 100 different classes; numbers to learn need target = value");
    read_well(&s, "a.csv", "target = input\ntarget_columns = 2");
    assert_true(!s.label && s.classes == 0);
    samples_free(&s);
    char *many = malloc(10001 * 8);
    assert_non_null(many);
    for (int i = 0, n = 0; i < 10001; i++)
        n += snprintf(many + n, 8, "1,%x\n", i);
    tmp_text("a.csv", many);
    free(many);
    read_badly("a.csv", "",
               "a.csv:1: more than 10000 different classes; numbers to learn need target = value");
}

/* ---- hostile ---- */

static void test_prefixes(void **state)
{
    static const char text[] =
        "\xef\xbb\xbfx,\"y \"\"z\"\"\",c\r\n1,\"2\",\"a\nb\"\r\n-3e1,4,c\r\n";
    (void)state;
    every_prefix("a.csv", "", text, sizeof text - 1, false);
    every_prefix("a.csv", "delimiter = space\nheader = no", text, sizeof text - 1, false);
    every_prefix("a.csv", "target = value\ntarget_columns = 1", text, sizeof text - 1, false);
}

static void test_sizes(void **state)
{
    size_t n = (size_t)4 << 20;
    char *b = malloc(n);
    (void)state;
    assert_non_null(b);
    memset(b, ',', n);
    tmp_write("a.csv", b, n);
    read_badly("a.csv", "", "a.csv:1: more than 100000 columns");
    memset(b, '\n', n);
    memcpy(b, "1,2,9,a\n", 8);
    b[n - 2] = 'x';
    size_t before = mem_peak();
    tmp_write("a.csv", b, n);
    read_badly("a.csv", "", "a.csv:2: empty line");
    assert_true(mem_peak() < before + 8 * n); /* not a sample for each line */
    memset(b, '"', n);
    tmp_write("a.csv", b, n);
    read_badly("a.csv", "",
               "a.csv: no column is left for the numbers of a sample: it has only one (delimiter = "
               "... says what stands between columns)");
    free(b);
}

static int read_once(struct err *e)
{
    struct samples s;
    if (read_lines(&s, "a.csv", "shape = 2x1x2\nignore = id", e))
        return -1;
    samples_free(&s);
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    tmp_text("a.csv", "id,a,b,c,d,\"e\"\"\"\n1,1,2,3,4,x\n2,5,6,7,8,\"y\"\"\"\n");
    every_allocation(read_once);
}

static void test_guess(void **state)
{
    static const char *const cases[][2] = {{"a,b\n1,2\n", ","},
                                           {"a;b,c\n1;2,3\n", ";"},
                                           {"a\tb c,d\n", "\t"},
                                           {"", ","},
                                           {"1\n2\n", ","},
                                           {"a b\n1 2\n", " "},
                                           {"a b,c\n1,2\n", ","},
                                           {"\"a;b;c\",d\n1,2\n", ","},
                                           {"a,b\n1;2,3\n4,5\n", ","},
                                           {"a  b\r\n1 2\r\n", " "},
                                           {"total sum\n1\n2\n", " "},
                                           {"\"total sum\"\n1\n2\n", ","}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i][0];
        if (fields_guess(text, text + strlen(text)) != *cases[i][1])
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),      cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_packed),       cmocka_unit_test(test_locale),
        cmocka_unit_test(test_class_names),  cmocka_unit_test(test_values),
        cmocka_unit_test(test_inputs_alone), cmocka_unit_test(test_shape),
        cmocka_unit_test(test_further),      cmocka_unit_test(test_too_many_classes),
        cmocka_unit_test(test_counting),     cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_guess),
    };
    return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
