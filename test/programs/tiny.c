/* cc: -static -nostdlib -ffreestanding -fno-stack-protector */
/* exit_group(0) and nothing else, without a libc: the cheapest life there is, for storms. */

void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $231, %eax\n\txor %edi, %edi\n\tsyscall");
#elif defined(__aarch64__)
	__asm__ volatile("mov x8, #94\n\tmov x0, #0\n\tsvc #0");
#else
#error "exit_group(0) in the assembly of this machine is missing here"
#endif
	__builtin_unreachable();
}
