/*
 * Numbers of ioctl requests that _IO() and its family make, from the form of asm-generic/ioctl.h into that of
 * this architecture: mips and powerpc keep the direction in three bits, of which one says "none".
 */
#ifndef KENNEL_CORE_IOCTL_NUMBER_H
#define KENNEL_CORE_IOCTL_NUMBER_H

#include <linux/ioctl.h>
#include <stdint.h>

/* Of the general form: the size of the argument, and the direction above it. */
#define IOCTL_SIZE(bytes) ((uint32_t)(bytes) << 16)
#define IOCTL_GENERAL_READS(number) ((uint32_t)(number) >> 31)
#define IOCTL_GENERAL_WRITES(number) ((uint32_t)(number) >> 30 & 1)

#define IOCTL_DIRECTION(number) \
	((uint32_t)(number) >> 30 == 0 \
			? _IOC_NONE \
			: IOCTL_GENERAL_READS(number) * _IOC_READ + IOCTL_GENERAL_WRITES(number) * _IOC_WRITE)

#define IOCTL_MADE(number) (((uint32_t)(number)&0x3fffffff) | IOCTL_DIRECTION(number) << _IOC_DIRSHIFT)

#endif
