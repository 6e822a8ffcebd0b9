/*
 * The time as it is written in the log. The C library has this, too, with everything about time zones, which a static
 * program would carry along: a tenth of it.
 */
#ifndef KENNEL_CORE_UTC_H
#define KENNEL_CORE_UTC_H

#include <time.h>

#define UTC_TEXT_SIZE 64

/* Seconds since 1970, not before it, as YYYY-MM-DDTHH:MM:SSZ (ISO 8601). */
void utc_text(time_t seconds, char text_out[UTC_TEXT_SIZE]);

#endif
