#!/bin/bash
# A script of the ordinary kind, for bench/run.py: pipes, here-documents, loops over files,
# background jobs and what they leave behind. It works in the current directory only.
set -eu

work=script-work
rm -rf "$work"
mkdir -p "$work/in" "$work/out"

for number in $(seq 1 40); do
	cat >"$work/in/$number.txt" <<-END
		number: $number
		square: $((number * number))
		words: $(printf 'word%s ' $(seq 1 5))
	END
done

for number in $(seq 1 40); do
	sed -n 's/^square: //p' "$work/in/$number.txt" | tr -d '\n' >"$work/out/$number.sum"
	[ -s "$work/out/$number.sum" ] || exit 1
done

for job in 1 2 3 4; do
	(sort -r "$work/in/$job.txt" | uniq -c >"$work/out/job.$job") &
done
wait

cat "$work"/out/*.sum | wc -c
cat "$work"/out/job.* | grep -c number
find "$work" -type f | sort | xargs cat | cksum
rm -r "$work"
