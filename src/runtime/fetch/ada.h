// The C interface of Ada, the URL parser inside libnode.so, as far as it is used here. Its header is not packaged with
// Node's. Source: https://github.com/ada-url/ada, include/ada_c.h (version 2.7.8 in Node 18.20). CMake checks that the
// library exports these; tests/runtime/fetch/url_test.cc, that they do what is said here.
//
// Text is UTF-8 with a length, and need not end with a NUL. What is parsed is ASCII.
#ifndef SLUICE_RUNTIME_FETCH_ADA_H_
#define SLUICE_RUNTIME_FETCH_ADA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

extern "C" {

// A part of what it was asked of: valid until that is changed or freed.
struct ada_string {
  const char* data;
  size_t length;
};

// To be freed.
struct ada_owned_string {
  const char* data;
  size_t length;
};

struct ada_string_pair {
  ada_string key;
  ada_string value;
};

// Where the parts of the serialization are. A port, search or hash that is missing is ada_url_omitted.
//
//   https://user:pass@example.com:1234/foo/bar?baz#quux
//         |     |    |          | ^^^^|       |   |
//         |     |    |          | |   |       |   hash_start
//         |     |    |          | |   |       search_start
//         |     |    |          | |   pathname_start
//         |     |    |          | port (a number)
//         |     |    |          host_end
//         |     |    host_start (an @, if there are credentials)
//         |     username_end
//         protocol_end
struct ada_url_components {
  uint32_t protocol_end;
  uint32_t username_end;
  uint32_t host_start;
  uint32_t host_end;
  uint32_t port;
  uint32_t pathname_start;
  uint32_t search_start;
  uint32_t hash_start;
};

inline constexpr uint32_t ada_url_omitted = 0xffffffff;

using ada_url = void*;                             // ada_free
using ada_url_search_params = void*;               // ada_free_search_params
using ada_url_search_params_entries_iter = void*;  // ada_free_search_params_entries_iter

// Never null. What could not be parsed is not valid, and answers with empty strings.
ada_url ada_parse(const char* input, size_t length);
ada_url ada_parse_with_base(const char* input, size_t length, const char* base, size_t base_length);
bool ada_is_valid(ada_url url);
void ada_free(ada_url url);
void ada_free_owned_string(ada_owned_string string);

ada_string ada_get_href(ada_url url);
ada_owned_string ada_get_origin(ada_url url);
const ada_url_components* ada_get_components(ada_url url);

// What cannot be set leaves the URL as it was. False is then no error, as in JavaScript.
bool ada_set_host(ada_url url, const char* input, size_t length);
bool ada_set_hostname(ada_url url, const char* input, size_t length);
bool ada_set_protocol(ada_url url, const char* input, size_t length);
bool ada_set_username(ada_url url, const char* input, size_t length);
bool ada_set_password(ada_url url, const char* input, size_t length);
bool ada_set_port(ada_url url, const char* input, size_t length);
bool ada_set_pathname(ada_url url, const char* input, size_t length);
void ada_set_search(ada_url url, const char* input, size_t length);
void ada_set_hash(ada_url url, const char* input, size_t length);

// One "?" at the begin is passed over.
ada_url_search_params ada_parse_search_params(const char* input, size_t length);
void ada_free_search_params(ada_url_search_params params);
size_t ada_search_params_size(ada_url_search_params params);
void ada_search_params_append(ada_url_search_params params, const char* key, size_t key_length, const char* value,
                              size_t value_length);
ada_owned_string ada_search_params_to_string(ada_url_search_params params);
ada_url_search_params_entries_iter ada_search_params_get_entries(ada_url_search_params params);
bool ada_search_params_entries_iter_has_next(ada_url_search_params_entries_iter entries);
ada_string_pair ada_search_params_entries_iter_next(ada_url_search_params_entries_iter entries);
void ada_free_search_params_entries_iter(ada_url_search_params_entries_iter entries);

}  // extern "C"

namespace sluice::runtime::ada {

template <auto free>
struct Freer {
  void operator()(void* object) const { free(object); }
};

using Url = std::unique_ptr<void, Freer<ada_free>>;
using SearchParams = std::unique_ptr<void, Freer<ada_free_search_params>>;
using SearchParamsEntries = std::unique_ptr<void, Freer<ada_free_search_params_entries_iter>>;

inline std::string_view View(ada_string string) { return {string.data, string.length}; }

// Null if `input` is no URL.
inline Url Parse(std::string_view input) {
  Url url(ada_parse(input.data(), input.size()));
  return ada_is_valid(url.get()) ? std::move(url) : nullptr;
}

inline Url Parse(std::string_view input, std::string_view base) {
  Url url(ada_parse_with_base(input.data(), input.size(), base.data(), base.size()));
  return ada_is_valid(url.get()) ? std::move(url) : nullptr;
}

}  // namespace sluice::runtime::ada

#endif  // SLUICE_RUNTIME_FETCH_ADA_H_
