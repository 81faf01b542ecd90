/* pages.c - help's pages of words. */
#include "topics.h"

static const char file_text[] =
    "A network file is a text of sections. Settings stand in [data], [loss], [optimizer], "
    "[schedule] and [train], each at most once. Every other section is a layer, [type] or "
    "[type name]; the order of the layers is the chain from the data to the output.\n"
    "\n"
    "    # One hidden layer on the USPS digits\n"
    "    [data]\n"
    "    train = datasets/usps/zip.train.gz\n"
    "    test  = datasets/usps/zip.test.gz\n"
    "    shape = 1x16x16\n"
    "    classes = 10\n"
    "    validation = 0.1\n"
    "\n"
    "    [linear hidden]\n"
    "    units = 100\n"
    "    [tanh]\n"
    "    [linear]\n"
    "    units = 10\n"
    "    [softmax]\n"
    "\n"
    "    [loss]\n"
    "    type = cross_entropy\n"
    "    [optimizer]\n"
    "    type = sgd\n"
    "    lr = 0.01\n"
    "    [train]\n"
    "    batch = 100\n"
    "    epochs = 50\n"
    "\n"
    "A line is a section's header, `key = value`, or blank. A comment starts with # or ; at the "
    "start of a line or after a blank. Only = separates; a key that is given twice, an unknown key "
    "or section and a value out of its range are errors, and all errors of a file are reported at "
    "once, each with its line. Numbers are written with a point; nan and inf are refused.\n"
    "\n"
    "A name is a letter and up to 31 letters, digits and underscores; it is not that of a settings "
    "section and not `input`. A layer without a name is called type_N, N counting all layers of "
    "that type from 1: linear_2 above.\n"
    "\n"
    "`from = a, b` replaces the layer above as the input. It names layers above, or `input`, the "
    "data. The last layer is the output; an output that nothing uses is an error.\n"
    "\n"
    "Shapes follow from the data. A vector is 256, a sequence 16x100 (channels x length), an image "
    "3x32x32 (channels x height x width). `shape` and `classes` in [data] state them, so that the "
    "file can be checked where the data is not at hand; they are compared with the data when it "
    "is.\n"
    "\n"
    "`--set section.key=value` on the command line replaces or adds a key; a layer goes by its "
    "name: --set hidden.units=500, --set train.epochs=5.\n";

static const char targets_text[] =
    "A net for K classes has K outputs; for two classes one output is enough, which says class 1 "
    "above 0.5. cross_entropy stands on [softmax] and binary_cross_entropy on [sigmoid]; both are "
    "computed from what goes into that layer, so that large values do no harm. The other losses "
    "stand on anything.\n"
    "\n"
    "`reduction = mean` is the mean over the batch, and for the losses that are taken output by "
    "output over the outputs too; `sum` is the plain sum. A short last batch divides by its own "
    "size. `target = input` makes an auto-encoder: the target is the normalized sample.\n";

static const char run_text[] =
    "`diynn train nets/usps_mlp.ini` writes the folder runs/usps_mlp, or the one that -o names: "
    "net.ini, the network file with all defaults filled in; log.csv, one row an epoch (or every "
    "`log_every` steps); last.safetensors, from which --resume goes on; and best.safetensors where "
    "there is validation. A checkpoint holds the whole network file: diynn eval needs nothing "
    "else.\n"
    "\n"
    "An existing run is kept unless --force is given. Interrupted by Ctrl-C or SIGTERM, training "
    "finishes its step, saves and ends with exit code 130. The same file and seed give the same "
    "bits, whatever the number of threads, stopped and resumed or not.\n";

static const char exit_text[] =
    "The exit code of every command:\n"
    "\n"
    "    0    done\n"
    "    1    internal error, out of memory, disk full; check: a gradient is wrong\n"
    "    2    error on the command line\n"
    "    3    error in the network file\n"
    "    4    error in a data file or checkpoint\n"
    "    5    training diverged\n"
    "    130  interrupted, checkpoint written\n"
    "\n"
    "Results for programs go to standard output, words for people to standard error.\n";

static const char environment_text[] =
    "    DIYNN_ISA     instruction set of the kernels, as --isa\n"
    "    DIYNN_ADAPT   0: every step uses all threads, also where fewer are faster\n"
    "    DIYNN_FUSE    0: activations are not computed inside the layer before them\n"
    "    DIYNN_MEMORY  most memory to use, in MiB (default: 9 tenths of it all)\n"
    "    NO_COLOR      any text: no colours, as --no-color\n"
    "    TERM          dumb: no colours and no progress bar\n"
    "\n"
    "None of them changes a bit of a result, except that instruction sets without fused "
    "multiply-add (ref, base) round otherwise than those with it (avx2, avx512).\n";

const struct page topics_pages[] = {
    {"file", "The network file", file_text},
    {"targets", "Outputs, losses and targets", targets_text},
    {"run", "A run", run_text},
    {"exit", "Exit codes", exit_text},
    {"environment", "Environment", environment_text},
    {NULL, NULL, NULL},
};
