/*
 * Why a plan does what it does, in words that only `kennel plan` and `kennel explain` print: a small build
 * (./configure.py --small) has neither command, and no room for the words.
 */
#ifndef KENNEL_CORE_REASON_H
#define KENNEL_CORE_REASON_H

#ifdef KENNEL_SMALL
#define REASON(text) ""
#else
#define REASON(text) text
#endif

#endif
