/*
 * What tiny.h puts into its programs, for each machine: tiny_evil is write(9, "E", 1) with the letter on the stack and
 * exit(66), tiny_good is exit(7), tiny_7 and tiny_66 are functions that return that; and what an ELF header says.
 */
#ifndef KENNEL_TESTS_GUESTS_TINY_CODE_H
#define KENNEL_TESTS_GUESTS_TINY_CODE_H

#include <elf.h>

/* The labels are the linker's to find: mips has no other way to address them. */
__asm__(".globl tiny_evil, tiny_good, tiny_7, tiny_66, tiny_end\n");

#define TINY_FLAGS 0
#if defined(__x86_64__) && defined(__LP64__)
#define TINY_MACHINE EM_X86_64
__asm__(".pushsection .rodata\n"
	"tiny_evil: push $0x45; mov %rsp, %rsi; mov $9, %edi; mov $1, %edx; mov $1, %eax; syscall\n"
	"	mov $66, %edi; mov $60, %eax; syscall\n"
	"tiny_good: mov $7, %edi; mov $60, %eax; syscall\n"
	"tiny_7: mov $7, %eax; ret; tiny_66: mov $66, %eax; ret\n"
	"tiny_end: .popsection\n");
#elif defined(__x86_64__)
#define TINY_MACHINE EM_X86_64
__asm__(".pushsection .rodata\n"
	"tiny_evil: push $0x45; mov %rsp, %rsi; mov $9, %edi; mov $1, %edx; mov $0x40000001, %eax; syscall\n"
	"	mov $66, %edi; mov $0x4000003c, %eax; syscall\n"
	"tiny_good: mov $7, %edi; mov $0x4000003c, %eax; syscall\n"
	"tiny_7: mov $7, %eax; ret; tiny_66: mov $66, %eax; ret\n"
	"tiny_end: .popsection\n");
#elif defined(__i386__)
#define TINY_MACHINE EM_386
__asm__(".pushsection .rodata\n"
	"tiny_evil: push $0x45; mov %esp, %ecx; mov $9, %ebx; mov $1, %edx; mov $4, %eax; int $0x80\n"
	"	mov $66, %ebx; mov $1, %eax; int $0x80\n"
	"tiny_good: mov $7, %ebx; mov $1, %eax; int $0x80\n"
	"tiny_7: mov $7, %eax; ret; tiny_66: mov $66, %eax; ret\n"
	"tiny_end: .popsection\n");
#elif defined(__aarch64__)
#define TINY_MACHINE EM_AARCH64
__asm__(".pushsection .rodata\n.balign 4\n"
	"tiny_evil: mov w3, #0x45; strb w3, [sp, #-16]!; mov x1, sp; mov x0, #9; mov x2, #1; mov x8, #64; svc #0\n"
	"	mov x0, #66; mov x8, #93; svc #0\n"
	"tiny_good: mov x0, #7; mov x8, #93; svc #0\n"
	"tiny_7: mov w0, #7; ret; tiny_66: mov w0, #66; ret\n"
	"tiny_end: .popsection\n");
#elif defined(__arm__)
#define TINY_MACHINE EM_ARM
#undef TINY_FLAGS
#define TINY_FLAGS EF_ARM_EABI_VER5
#ifdef __thumb__
#define TINY_BACK ".thumb\n"
#else
#define TINY_BACK ".arm\n"
#endif
__asm__(".pushsection .rodata\n.syntax unified\n.arm\n.balign 4\n"
	"tiny_evil: mov r3, #0x45; strb r3, [sp, #-8]!; mov r1, sp; mov r0, #9; mov r2, #1; mov r7, #4; svc #0\n"
	"	mov r0, #66; mov r7, #1; svc #0\n"
	"tiny_good: mov r0, #7; mov r7, #1; svc #0\n"
	"tiny_7: mov r0, #7; bx lr; tiny_66: mov r0, #66; bx lr\n"
	"tiny_end: .popsection\n" TINY_BACK);
#elif defined(__riscv) && __riscv_xlen == 64
#define TINY_MACHINE EM_RISCV
__asm__(".pushsection .rodata\n.balign 4\n"
	"tiny_evil: addi sp, sp, -16; li a3, 0x45; sb a3, 0(sp); mv a1, sp; li a0, 9; li a2, 1; li a7, 64; ecall\n"
	"	li a0, 66; li a7, 93; ecall\n"
	"tiny_good: li a0, 7; li a7, 93; ecall\n"
	"tiny_7: li a0, 7; ret; tiny_66: li a0, 66; ret\n"
	"tiny_end: .popsection\n");
#elif defined(__powerpc64__) && _CALL_ELF == 2
#define TINY_MACHINE EM_PPC64
#undef TINY_FLAGS
#define TINY_FLAGS 2 /* the second ABI: functions have no descriptors */
__asm__(".pushsection .rodata\n.balign 4\n"
	"tiny_evil: li 6, 0x45; stb 6, -16(1); addi 4, 1, -16; li 3, 9; li 5, 1; li 0, 4; sc\n"
	"	li 3, 66; li 0, 1; sc\n"
	"tiny_good: li 3, 7; li 0, 1; sc\n"
	"tiny_7: li 3, 7; blr; tiny_66: li 3, 66; blr\n"
	"tiny_end: .popsection\n");
#elif defined(__s390x__)
#define TINY_MACHINE EM_S390
__asm__(".pushsection .rodata\n.balign 4\n"
	"tiny_evil: aghi %r15, -16; mvi 0(%r15), 0x45; lgr %r3, %r15; lghi %r2, 9; lghi %r4, 1; svc 4\n"
	"	lghi %r2, 66; svc 1\n"
	"tiny_good: lghi %r2, 7; svc 1\n"
	"tiny_7: lghi %r2, 7; br %r14; tiny_66: lghi %r2, 66; br %r14\n"
	"tiny_end: .popsection\n");
#elif defined(__mips__)
#define TINY_MACHINE EM_MIPS
#undef TINY_FLAGS
#if _MIPS_SIM == _ABIO32
#define TINY_FLAGS 0x1000 /* EF_MIPS_ABI_O32, which glibc spells wrongly */
#define TINY_WRITE "4004"
#define TINY_EXIT "4001"
#elif _MIPS_SIM == _ABIN32
#define TINY_FLAGS EF_MIPS_ABI2
#define TINY_WRITE "6001"
#define TINY_EXIT "6058"
#else
#define TINY_FLAGS 0
#define TINY_WRITE "5001"
#define TINY_EXIT "5058"
#endif
__asm__(".pushsection .rodata\n.balign 4\n.set push\n.set noreorder\n"
	"tiny_evil: li $8, 0x45; sb $8, 0($29); move $5, $29; li $4, 9; li $6, 1\n"
	"	li $2, " TINY_WRITE "; syscall; li $4, 66; li $2, " TINY_EXIT "; syscall\n"
	"tiny_good: li $4, 7; li $2, " TINY_EXIT "; syscall\n"
	"tiny_7: jr $31; li $2, 7; tiny_66: jr $31; li $2, 66\n"
	"tiny_end: .set pop\n.popsection\n");
#else
#error "no tiny programs for this machine: tests/guests/tiny_code.h"
#endif

extern const char tiny_evil[], tiny_good[], tiny_7[], tiny_66[], tiny_end[];

#endif
