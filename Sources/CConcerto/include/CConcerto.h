// What Swift cannot say: futexes, signal-safe stack capture, thread-local slots, runtime entry points.
#ifndef CCONCERTO_H
#define CCONCERTO_H

#endif
