/* The version, in one place. */
#ifndef KENNEL_CORE_VERSION_H
#define KENNEL_CORE_VERSION_H

#define KENNEL_VERSION "0.1.0"

#endif
