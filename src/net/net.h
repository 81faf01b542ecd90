/* net.h - the module graph: built from the layer sections of a network file, planned, run. */
#ifndef NET_NET_H
#define NET_NET_H

#include "net/layer.h"

struct net {
    struct layer *layers; /* [0] is the input; the others in the order of the file */
    int n_layers;
    struct layer *output;        /* the last one */
    int batch;                   /* samples that y and dy hold */
    size_t n_trained, n_buffers; /* numbers in parameters, as files count them */
    size_t scratch_size;         /* bytes of scratch a thread */
    size_t shared_size;          /* bytes that the threads share within a layer's call */
    /* memory, bytes */
    size_t bytes_params, bytes_grads, bytes_slots, bytes_acts, bytes_work;
    /* private to src/net */
    void *slab_params, *slab_grads, *slab_slots, *slab_acts, *slab_scratch, *slab_shared;
    const struct kernels *k;
    int threads;
    bool absorbs_last; /* the loss computes the last layer's activation from its input */
    bool apart;        /* activations are so few that no two buffers share memory */
};

#define NET_LAYERS_MAX 4096
#define NET_SAMPLE_MAX (1 << 28) /* numbers in one sample's output of a layer */

/* What net_build plans for. */
struct net_plan {
    int batch;  /* most samples in a pass */
    bool train; /* gradients, and `slots` arrays per trained parameter */
    int slots;
    bool fuse;         /* false: every layer's y and dy exist on their own (DIYNN_FUSE=0) */
    bool input_grad;   /* with train: layers[0].dy holds the gradient of the input (checks) */
    bool keep_all;     /* no two layers' y share memory (features, gradient checks) */
    enum act loss_act; /* what the loss computes itself from the logits (softmax), or ACT_NONE */
};

/* Reads the layer sections of nf into a graph and infers all shapes from `in`. No memory for
 * tensors yet. Problems of the file go to *d, and where there are any the net is still returned as
 * far as it was built, to be freed only. NULL with *e: out of memory. Free with net_free. */
struct net *net_build(const struct netfile *nf, struct shape in, struct diag *d, struct err *e);

/* Plans and allocates everything for passes with this team and these kernels (both must outlive the
 * net). Once per net. */
int net_allocate(struct net *net, const struct net_plan *plan, struct team *team,
                 const struct kernels *k, struct err *e);

void net_free(struct net *net);

/* Fills all parameters as their sections say; from net_allocate on. Serial; the same bits on every
 * machine. `seed` is train.seed. */
int net_init(struct net *net, uint64_t seed, struct err *e);

/* Where the caller puts the n samples of a pass (h, w, c). */
static inline real *net_input(const struct net *net)
{
    return net->layers[0].y;
}

/* Scratch of thread tid, free between passes: scratch_size bytes, at least kernels->matmul_scratch
 * reals. */
static inline void *net_scratch(const struct net *net, int tid)
{
    return (unsigned char *)net->slab_scratch + (size_t)tid * net->scratch_size;
}

/* The layer whose y the loss reads and whose dy it writes: the output, or, where the loss computes
 * the last layer's activation itself (loss_act), the layer below. */
struct layer *net_logits(const struct net *net);

/* Inside team_run, by all threads with equal arguments but tid. The pass's scratch and `own` are
 * set here. Where the net is small and samples are many, each thread takes its own samples through
 * all layers without waiting for others. `outputs`: also compute the output layer where a loss
 * would skip it.
 *
 * net_forward expects every thread to have written its samples (layer_rows) of the input, and
 * leaves its samples of the outputs; to see those of others, a barrier must follow. net_backward
 * expects its samples of the logits' dy; at least one barrier stands inside. Behind it parameters
 * (or, with p->update, what it has not updated: net_pending) wait for a barrier. */
void net_forward(struct net *net, struct pass *p, bool outputs);
void net_backward(struct net *net, struct pass *p);

/* Whether there are trained parameters that net_backward with p->update leaves to the caller. */
bool net_pending(const struct net *net);

/* Makes layers do the updates that they have postponed (pass.postpone). Outside of passes, by one
 * thread. */
void net_settle(struct net *net);

/* Forward and backward of one layer, with barriers before and behind it; false where the layer has
 * nothing to do (its work is done in another's place). To be called first to last, and last to
 * first. */
bool net_forward_layer(struct net *net, struct layer *l, struct pass *p, bool outputs);
bool net_backward_layer(struct net *net, struct layer *l, struct pass *p);

/* Like net_forward, checking every layer's y: the number of the first layer with a value that is
 * not finite, or 0. One thread only (team of 1 or alone). For finding the cause of a divergence. */
int net_find_nonfinite(struct net *net, struct pass *p);

/* The layer of that name, or NULL. */
struct layer *net_layer(const struct net *net, const char *name);

/* Writes the layer sections of the resolved file. */
int net_write(const struct net *net, struct text *t, struct err *e);

#endif
