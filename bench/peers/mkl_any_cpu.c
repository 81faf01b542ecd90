/* mkl_any_cpu.c - lets MKL choose its kernels by what the processor can do, and not by who made it:
 * its AVX-512 kernels are otherwise for one maker only. Put in front of PyTorch with LD_PRELOAD, so
 * that the peer is measured at its best. */
int mkl_serv_intel_cpu_true(void);
int mkl_serv_intel_cpu_true(void)
{
    return 1;
}
