import Foundation

/// Whether this is a build for the thread sanitizer.
package let isThreadSanitized = dlsym(nil, "__tsan_init") != nil
