#include "CConcerto.h"
