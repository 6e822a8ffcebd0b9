#!/bin/busybox sh
# What Kennel costs on a board, in one boot: each line is a subject, a way, and nanoseconds or kilobytes of every round.
# The ways are run in turn, so that what slows the machine down slows all of them.
rounds=${1:-7}
kennel=/kennel/kennel
cd /tmp && echo content > file && mkdir -p dir
cp /kennel/bench/nothing nothing

emulated="$kennel run -m default/all:allow -m deny/all+/nonexistent/*** --"
traced="$kennel run -m sandbox/all:off -m sandbox/exec,chdir:on -m default/exec:allow -m default/chdir:allow \
	-m deny/exec+/nonexistent/*** -m deny/chdir+/nonexistent/*** --"

# One line per subject, as bench/calls prints them: the name and the batches.
measure() {
	way=$1
	shift
	"$@" | while read -r name values; do
		echo "@figure $name $way $values"
	done
}

round=0
while [ $round -lt "$rounds" ]; do
	for way in native reference kennel; do
		case $way in
		native) front= back= ;;
		reference) front="/kennel/bench/reference all" back=/kennel/bench/trace_reference ;;
		kennel) front=$emulated back=$traced ;;
		esac
		measure $way $front /kennel/bench/calls -b 3 -u 20000 /tmp/file stat open+close
		measure $way $back /kennel/bench/calls -b 3 -u 20000 /tmp/dir chdir
		measure $way $back /kennel/bench/calls -b 3 -n 8 /tmp/nothing fork+exec
	done
	round=$((round + 1))
done

# A bare fork and exec, and the same program behind each policy.
for policy in off ro work; do
	/kennel/bench/startup "$rounds" /tmp/nothing ::: $kennel run -p $policy -- /tmp/nothing | while read -r bare ours; do
		echo "@figure start-$policy native $bare"
		echo "@figure start-$policy kennel $ours"
	done
done

# The supervisor and what it started, while the payload sleeps; at the peak, and as it stays.
$kennel run -p work -- sleep 3 &
supervisor=$!
sleep 2
for pid in $supervisor $(cat /proc/$supervisor/task/$supervisor/children); do
	role=$([ "$pid" = $supervisor ] && echo supervisor || sed -n 's/^Name:\s*//p' /proc/$pid/status)
	for field in VmHWM VmRSS; do
		echo "@figure $field-$role kennel $(sed -n "s/^$field:\s*\([0-9]*\).*/\1/p" /proc/$pid/status)"
	done
	echo "@figure Pss-$role kennel $(sed -n 's/^Pss:\s*\([0-9]*\).*/\1/p' /proc/$pid/smaps_rollup)"
done
wait
