/*
 * Structures of the ABIs that are not this machine's, against what their own kernels wrote about one file of a
 * tmpfs or ramfs: a size that fits everywhere, an owner, times of which each byte is another.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "arch/arch.h"
#include "arch/layout.h"

TestSuite(layout_abis, .timeout = 120);

static const char fstat_x32_amd64[] =
	"02000000000000000a000000000000000100000000000000a0810000e8030000d0070000000000000000000000000000"
	"443322110000000000100000000000000800000000000000646362610000000031211101000000007473727100000000"
	"32221202000000008949036b0000000053adcc3900000000000000000000000000000000000000000000000000000000";
static const char fstatfs_x32_amd64[] =
	"9419020100000000001000000000000020df00000000000034dc00000000000034dc00000000000020df000000000000"
	"16df00000000000025d616005f5d3efeff00000000000000001000000000000020000000000000000000000000000000"
	"000000000000000000000000000000000000000000000000";

static const char fstat_aarch64_arm64[] =
	"02000000000000000a00000000000000a081000001000000e8030000d007000000000000000000000000000000000000"
	"443322110000000000100000000000000800000000000000646362610000000031211101000000007473727100000000"
	"3222120200000000e845036b00000000002f5f1c000000000000000000000000";
static const char fstatfs_aarch64_arm64[] =
	"94190201000000000010000000000000a8cc00000000000066ca00000000000066ca000000000000a8cc000000000000"
	"9ecc00000000000052eabf5c089d6afcff00000000000000001000000000000020000000000000000000000000000000"
	"000000000000000000000000000000000000000000000000";

static const char fstat_arm_armhf[] =
	"0200000009000000a0810100e803d0070000000044332211001000000800000064636261312111017473727132221202"
	"0e46036b00811b2c0000000000000000";
static const char fstat64_arm_armhf[] =
	"02000000000000000000000009000000a081000001000000e8030000d007000000000000000000000000000000000000"
	"443322110000000000100000000000000800000000000000646362613121110174737271322212020e46036b00811b2c"
	"0900000000000000";
static const char fstatfs_arm_armhf[] =
	"941902010010000091ea000037e9000037e9000091ea000088ea00000cca885e017eb447ff0000000010000020000000"
	"00000000000000000000000000000000";
static const char fstatfs64_arm_armhf[] =
	"941902010010000091ea00000000000037e900000000000037e900000000000091ea00000000000088ea000000000000"
	"0cca885e017eb447ff000000001000002000000000000000000000000000000000000000";

static const char fstat_arm_arm64[] =
	"020000000a000000a0810100e803d0070000000044332211001000000800000064636261312111017473727132221202"
	"e945036b002ec80e0000000000000000";
static const char fstat64_arm_arm64[] =
	"0200000000000000000000000a000000a081000001000000e8030000d007000000000000000000000000000000000000"
	"44332211000000000010000000000000080000000000000064636261312111017473727132221202e945036b002ec80e"
	"0a00000000000000";
static const char fstatfs_arm_arm64[] =
	"9419020100100000a8cc000066ca000066ca0000a8cc00009ecc000052eabf5c089d6afcff0000000010000020000000"
	"00000000000000000000000000000000";
static const char fstatfs64_arm_arm64[] =
	"9419020100100000a8cc00000000000066ca00000000000066ca000000000000a8cc0000000000009ecc000000000000"
	"52eabf5c089d6afcff000000001000002000000000000000000000000000000000000000";

static const char fstat_riscv64_riscv64[] =
	"02000000000000000800000000000000a081000001000000e8030000d007000000000000000000000000000000000000"
	"443322110000000000100000000000000800000000000000646362610000000031211101000000007473727100000000"
	"3222120200000000fd44036b0000000000a8cb18000000000000000000000000";
static const char fstatfs_riscv64_riscv64[] =
	"94190201000000000010000000000000fed900000000000002d900000000000002d9000000000000fed9000000000000"
	"f6d90000000000001d93a9b34b48c3f9ff00000000000000001000000000000020000000000000000000000000000000"
	"000000000000000000000000000000000000000000000000";

static const char fstat_ppc64le_ppc64el[] =
	"020000000000000008000000000000000100000000000000a0810000e8030000d0070000000000000000000000000000"
	"443322110000000000000100000000008000000000000000646362610000000031211101000000007473727100000000"
	"3222120200000000ed44036b000000000011ec2f00000000000000000000000000000000000000000000000000000000";
static const char fstatfs_ppc64le_ppc64el[] =
	"941902010000000000000100000000000d0e000000000000ec0d000000000000ec0d0000000000000d0e000000000000"
	"050e0000000000000b1865ef14b27551ff00000000000000000001000000000020000000000000000000000000000000"
	"000000000000000000000000000000000000000000000000";
static const char fstatfs64_ppc64le_ppc64el[] =
	"941902010000000000000100000000000d0e000000000000ec0d000000000000ec0d0000000000000d0e000000000000"
	"050e0000000000000b1865ef14b27551ff00000000000000000001000000000020000000000000000000000000000000"
	"000000000000000000000000000000000000000000000000";

static const char fstat_s390x_s390x[] =
	"000000000000000200000000000000080000000000000001000081a0000003e8000007d0000000000000000000000000"
	"00000000112233440000000061626364000000000111213100000000717273740000000002122232000000006b03445f"
	"0000000012a6a64500000000000010000000000000000008000000000000000000000000000000000000000000000000";
static const char fstatfs_s390x_s390x[] =
	"0102199400001000000000000000f167000000000000f01f000000000000f01f000000000000f167000000000000f15f"
	"d03f406842cecd0d000000ff00001000000000200000000000000000000000000000000000000000";
static const char fstatfs64_s390x_s390x[] =
	"0102199400001000000000000000f167000000000000f01f000000000000f01f000000000000f167000000000000f15f"
	"d03f406842cecd0d000000ff00001000000000200000000000000000000000000000000000000000";

static const char fstat_mips64_mips64el[] =
	"020000000000000000000000000000000a00000000000000a081000001000000e8030000d00700000000000000000000"
	"00000000000000004433221100000000646362613121110174737271322212029045036b5a76b0100010000000000000"
	"0800000000000000";
static const char fstatfs_mips64_mips64el[] =
	"94190201000000000010000000000000001000000000000080e1000000000000cede00000000000080e1000000000000"
	"76e1000000000000cede0000000000009c91970d095fe6faff0000000000000020000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000";

static const char fstat_mips64n32_mips64el[] =
	"020000000000000000000000000000000a00000000000000a081000001000000e8030000d00700000000000000000000"
	"00000000000000004433221100000000646362613121110174737271322212029245036b86bd01050010000000000000"
	"0800000000000000";
static const char fstatfs_mips64n32_mips64el[] =
	"94190201001000000010000080e10000cede000080e1000076e10000cede00009c91970d095fe6faff00000020000000"
	"0000000000000000000000000000000000000000";
static const char fstatfs64_mips64n32_mips64el[] =
	"9419020100100000001000000000000080e1000000000000cede00000000000080e100000000000076e1000000000000"
	"cede0000000000009c91970d095fe6faff00000020000000000000000000000000000000000000000000000000000000";

static const char fstat_mips_mips64el[] =
	"020000000000000000000000000000000a000000a081000001000000e8030000d0070000000000000000000000000000"
	"4433221100000000646362613121110174737271322212029145036b6d90d00300100000080000000000000000000000"
	"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
static const char fstat64_mips_mips64el[] =
	"020000000000000000000000000000000a00000000000000a081000001000000e8030000d00700000000000000000000"
	"00000000000000004433221100000000646362613121110174737271322212029145036b6d90d0030010000000000000"
	"0800000000000000";
static const char fstatfs_mips_mips64el[] =
	"94190201001000000010000080e10000cede000080e1000076e10000cede00009c91970d095fe6faff00000020000000"
	"0000000000000000000000000000000000000000";
static const char fstatfs64_mips_mips64el[] =
	"9419020100100000001000000000000080e1000000000000cede00000000000080e100000000000076e1000000000000"
	"cede0000000000009c91970d095fe6faff00000020000000000000000000000000000000000000000000000000000000";

static const char fstat_mips_mipsel[] =
	"0200000000000000000000000000000008000000a081000001000000e8030000d0070000000000000000000000000000"
	"4433221100000000646362613121110174737271322212022e46036b0214133700100000080000000000000000000000"
	"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
static const char fstat64_mips_mipsel[] =
	"020000000000000000000000000000000800000000000000a081000001000000e8030000d00700000000000000000000"
	"00000000000000004433221100000000646362613121110174737271322212022e46036b021413370010000000000000"
	"0800000000000000";
static const char fstatfs_mips_mipsel[] =
	"941902010010000000100000aa74000062730000aa740000a274000062730000ded0a3e97303a02bff00000020000000"
	"0000000000000000000000000000000000000000";
static const char fstatfs64_mips_mipsel[] =
	"94190201001000000010000000000000aa740000000000006273000000000000aa74000000000000a274000000000000"
	"6273000000000000ded0a3e97303a02bff00000020000000000000000000000000000000000000000000000000000000";

static const struct record {
	const char *abi;
	const char *kernel;
	uint64_t ino;
	uint32_t block;
	struct statx_timestamp ctime;
	struct statfs statfs;
	const char *bytes[LAYOUT_KIND_COUNT];
} records[] = {
	{
		.abi = "x32",
		.kernel = "amd64",
		.ino = 10,
		.block = 4096,
		.ctime = { .tv_sec = 1795377545, .tv_nsec = 969715027 },
		.statfs = { .f_blocks = 57120,
			.f_bfree = 56372,
			.f_bavail = 56372,
			.f_files = 57120,
			.f_ffree = 57110,
			.f_fsid = { { 1496613, -29467297 } } },
		.bytes = { [LAYOUT_STAT] = fstat_x32_amd64,
			[LAYOUT_STAT64] = NULL,
			[LAYOUT_STATFS] = fstatfs_x32_amd64,
			[LAYOUT_STATFS64] = NULL },
	},
	{
		.abi = "aarch64",
		.kernel = "arm64",
		.ino = 10,
		.block = 4096,
		.ctime = { .tv_sec = 1795376616, .tv_nsec = 476000000 },
		.statfs = { .f_blocks = 52392,
			.f_bfree = 51814,
			.f_bavail = 51814,
			.f_files = 52392,
			.f_ffree = 52382,
			.f_fsid = { { 1556081234, -60121848 } } },
		.bytes = { [LAYOUT_STAT] = fstat_aarch64_arm64,
			[LAYOUT_STAT64] = NULL,
			[LAYOUT_STATFS] = fstatfs_aarch64_arm64,
			[LAYOUT_STATFS64] = NULL },
	},
	{
		.abi = "arm",
		.kernel = "armhf",
		.ino = 9,
		.block = 4096,
		.ctime = { .tv_sec = 1795376654, .tv_nsec = 740000000 },
		.statfs = { .f_blocks = 60049,
			.f_bfree = 59703,
			.f_bavail = 59703,
			.f_files = 60049,
			.f_ffree = 60040,
			.f_fsid = { { 1586022924, 1203011073 } } },
		.bytes = { [LAYOUT_STAT] = fstat_arm_armhf,
			[LAYOUT_STAT64] = fstat64_arm_armhf,
			[LAYOUT_STATFS] = fstatfs_arm_armhf,
			[LAYOUT_STATFS64] = fstatfs64_arm_armhf },
	},
	{
		.abi = "arm",
		.kernel = "arm64",
		.ino = 10,
		.block = 4096,
		.ctime = { .tv_sec = 1795376617, .tv_nsec = 248000000 },
		.statfs = { .f_blocks = 52392,
			.f_bfree = 51814,
			.f_bavail = 51814,
			.f_files = 52392,
			.f_ffree = 52382,
			.f_fsid = { { 1556081234, -60121848 } } },
		.bytes = { [LAYOUT_STAT] = fstat_arm_arm64,
			[LAYOUT_STAT64] = fstat64_arm_arm64,
			[LAYOUT_STATFS] = fstatfs_arm_arm64,
			[LAYOUT_STATFS64] = fstatfs64_arm_arm64 },
	},
	{
		.abi = "riscv64",
		.kernel = "riscv64",
		.ino = 8,
		.block = 4096,
		.ctime = { .tv_sec = 1795376381, .tv_nsec = 416000000 },
		.statfs = { .f_blocks = 55806,
			.f_bfree = 55554,
			.f_bavail = 55554,
			.f_files = 55806,
			.f_ffree = 55798,
			.f_fsid = { { -1280732387, -104642485 } } },
		.bytes = { [LAYOUT_STAT] = fstat_riscv64_riscv64,
			[LAYOUT_STAT64] = NULL,
			[LAYOUT_STATFS] = fstatfs_riscv64_riscv64,
			[LAYOUT_STATFS64] = NULL },
	},
	{
		.abi = "ppc64le",
		.kernel = "ppc64el",
		.ino = 8,
		.block = 65536,
		.ctime = { .tv_sec = 1795376365, .tv_nsec = 804000000 },
		.statfs = { .f_blocks = 3597,
			.f_bfree = 3564,
			.f_bavail = 3564,
			.f_files = 3597,
			.f_ffree = 3589,
			.f_fsid = { { -278587381, 1366667796 } } },
		.bytes = { [LAYOUT_STAT] = fstat_ppc64le_ppc64el,
			[LAYOUT_STAT64] = NULL,
			[LAYOUT_STATFS] = fstatfs_ppc64le_ppc64el,
			[LAYOUT_STATFS64] = fstatfs64_ppc64le_ppc64el },
	},
	{
		.abi = "s390x",
		.kernel = "s390x",
		.ino = 8,
		.block = 4096,
		.ctime = { .tv_sec = 1795376223, .tv_nsec = 312911429 },
		.statfs = { .f_blocks = 61799,
			.f_bfree = 61471,
			.f_bavail = 61471,
			.f_files = 61799,
			.f_ffree = 61791,
			.f_fsid = { { -801161112, 1120849165 } } },
		.bytes = { [LAYOUT_STAT] = fstat_s390x_s390x,
			[LAYOUT_STAT64] = NULL,
			[LAYOUT_STATFS] = fstatfs_s390x_s390x,
			[LAYOUT_STATFS64] = fstatfs64_s390x_s390x },
	},
	{
		.abi = "mips64",
		.kernel = "mips64el",
		.ino = 10,
		.block = 4096,
		.ctime = { .tv_sec = 1795376528, .tv_nsec = 280000090 },
		.statfs = { .f_blocks = 57728,
			.f_bfree = 57038,
			.f_bavail = 57038,
			.f_files = 57728,
			.f_ffree = 57718,
			.f_fsid = { { 228037020, -85565687 } } },
		.bytes = { [LAYOUT_STAT] = fstat_mips64_mips64el,
			[LAYOUT_STAT64] = NULL,
			[LAYOUT_STATFS] = fstatfs_mips64_mips64el,
			[LAYOUT_STATFS64] = NULL },
	},
	{
		.abi = "mips64n32",
		.kernel = "mips64el",
		.ino = 10,
		.block = 4096,
		.ctime = { .tv_sec = 1795376530, .tv_nsec = 84000134 },
		.statfs = { .f_blocks = 57728,
			.f_bfree = 57038,
			.f_bavail = 57038,
			.f_files = 57728,
			.f_ffree = 57718,
			.f_fsid = { { 228037020, -85565687 } } },
		.bytes = { [LAYOUT_STAT] = fstat_mips64n32_mips64el,
			[LAYOUT_STAT64] = NULL,
			[LAYOUT_STATFS] = fstatfs_mips64n32_mips64el,
			[LAYOUT_STATFS64] = fstatfs64_mips64n32_mips64el },
	},
	{
		.abi = "mips",
		.kernel = "mips64el",
		.ino = 10,
		.block = 4096,
		.ctime = { .tv_sec = 1795376529, .tv_nsec = 64000109 },
		.statfs = { .f_blocks = 57728,
			.f_bfree = 57038,
			.f_bavail = 57038,
			.f_files = 57728,
			.f_ffree = 57718,
			.f_fsid = { { 228037020, -85565687 } } },
		.bytes = { [LAYOUT_STAT] = fstat_mips_mips64el,
			[LAYOUT_STAT64] = fstat64_mips_mips64el,
			[LAYOUT_STATFS] = fstatfs_mips_mips64el,
			[LAYOUT_STATFS64] = fstatfs64_mips_mips64el },
	},
	{
		.abi = "mips",
		.kernel = "mipsel",
		.ino = 8,
		.block = 4096,
		.ctime = { .tv_sec = 1795376686, .tv_nsec = 923997186 },
		.statfs = { .f_blocks = 29866,
			.f_bfree = 29538,
			.f_bavail = 29538,
			.f_files = 29866,
			.f_ffree = 29858,
			.f_fsid = { { -375140130, 731906931 } } },
		.bytes = { [LAYOUT_STAT] = fstat_mips_mipsel,
			[LAYOUT_STAT64] = fstat64_mips_mipsel,
			[LAYOUT_STATFS] = fstatfs_mips_mipsel,
			[LAYOUT_STATFS64] = fstatfs64_mips_mipsel },
	},
};

/* The same in every record. */
static const struct statx file = {
	.stx_dev_minor = 2,
	.stx_mode = S_IFREG | 0640,
	.stx_nlink = 1,
	.stx_uid = 1000,
	.stx_gid = 2000,
	.stx_size = 0x11223344,
	.stx_atime = { .tv_sec = 0x61626364, .tv_nsec = 0x1112131 },
	.stx_mtime = { .tv_sec = 0x71727374, .tv_nsec = 0x2122232 },
};

static ssize_t layout_abis_encode(
	const struct record *record, const struct abi *abi, enum layout_kind kind, unsigned char buffer[LAYOUT_MAX])
{
	struct statfs statfs = record->statfs;
	struct statx statx = file;

	if (kind < LAYOUT_STATFS) {
		statx.stx_ino = record->ino;
		statx.stx_blksize = record->block;
		statx.stx_blocks = record->block / 512;
		statx.stx_ctime = record->ctime;
		return layout_stat(abi, kind, &statx, buffer);
	}
	statfs.f_type = 0x1021994;
	statfs.f_bsize = statfs.f_frsize = record->block;
	statfs.f_namelen = 255;
	statfs.f_flags = 0x20;
	return layout_statfs(abi, kind, &statfs, buffer);
}

static void layout_abis_compare(const struct record *record, enum layout_kind kind)
{
	const struct abi *abi = abi_by_name(record->abi);
	unsigned char buffer[LAYOUT_MAX];
	const char *hex = record->bytes[kind];
	ssize_t size = layout_abis_encode(record, abi, kind, buffer);

	cr_assert_eq(size, (ssize_t)strlen(hex) / 2, "%s on %s, %d: %zd", record->abi, record->kernel, kind, size);
	for (ssize_t i = 0; i < size; i++) {
		const char digits[] = { hex[2 * i], hex[2 * i + 1], '\0' };

		cr_assert_eq(buffer[i], strtoul(digits, NULL, 16), "%s on %s, %d: byte %zd", record->abi,
			record->kernel, kind, i);
	}
}

Test(layout_abis, of_stat_and_statfs_is_what_the_kernels_wrote)
{
	unsigned compared = 0;

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		for (int kind = 0; kind < LAYOUT_KIND_COUNT; kind++)
			if (records[i].bytes[kind]) {
				layout_abis_compare(&records[i], (enum layout_kind)kind);
				compared++;
			}
	cr_assert_eq(compared, 33);
}

Test(layout_abis, of_a_kernel_of_64_bits_have_room_for_everything)
{
	static const char *const names[] = { "aarch64", "riscv64", "ppc64le", "s390x", "mips64", "loongarch64", "x32" };
	unsigned char buffer[LAYOUT_MAX];
	struct statx large = file;

	large.stx_size = UINT64_C(0x1122334455667788);
	large.stx_ino = UINT64_C(0x8877665544332211);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_assert_gt(layout_stat(abi_by_name(names[i]), LAYOUT_STAT, &large, buffer), 0, "%s", names[i]);
}

Test(layout_abis, of_32_bits_refuse_what_does_not_fit)
{
	static const char *const names[] = { "arm", "mips" };
	unsigned char buffer[LAYOUT_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct abi *abi = abi_by_name(names[i]);
		struct statx large = file;

		large.stx_size = UINT64_C(1) << 31;
		cr_assert_eq(layout_stat(abi, LAYOUT_STAT, &large, buffer), -EOVERFLOW);
		cr_assert_gt(layout_stat(abi, LAYOUT_STAT64, &large, buffer), 0);
		large.stx_size = 1;
		large.stx_ino = UINT64_C(1) << 32;
		cr_assert_eq(layout_stat(abi, LAYOUT_STAT, &large, buffer), -EOVERFLOW);
		cr_assert_gt(layout_stat(abi, LAYOUT_STAT64, &large, buffer), 0);
	}
}

Test(layout_abis, of_statfs64_are_named_by_their_size)
{
	cr_assert(layout_takes(abi_by_name("i386"), LAYOUT_STATFS64, 84));
	cr_assert_not(layout_takes(abi_by_name("i386"), LAYOUT_STATFS64, 88));
	cr_assert(layout_takes(abi_by_name("arm"), LAYOUT_STATFS64, 84));
	cr_assert(layout_takes(abi_by_name("arm"), LAYOUT_STATFS64, 88));
	cr_assert(layout_takes(abi_by_name("mips"), LAYOUT_STATFS64, 96));
	cr_assert_not(layout_takes(abi_by_name("mips"), LAYOUT_STATFS64, 84));
	cr_assert_not(layout_takes(abi_by_name("x86_64"), LAYOUT_STATFS64, 0));
}

Test(layout_abis, of_loongarch64_are_those_of_riscv64)
{
	unsigned char one[LAYOUT_MAX], other[LAYOUT_MAX];

	for (int kind = 0; kind < LAYOUT_KIND_COUNT; kind++) {
		ssize_t size = layout_abis_encode(&records[0], abi_by_name("riscv64"), (enum layout_kind)kind, one);

		cr_assert_eq(layout_abis_encode(&records[0], abi_by_name("loongarch64"), (enum layout_kind)kind, other),
			size);
		if (size > 0)
			cr_assert_eq(memcmp(one, other, (size_t)size), 0);
	}
}
