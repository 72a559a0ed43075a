// Requests and responses as plain data: what passes between the server and the fetch classes. No V8.
#ifndef SLUICE_RUNTIME_FETCH_MESSAGES_H_
#define SLUICE_RUNTIME_FETCH_MESSAGES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runtime {

// Names and values as bytes, which scripts see as the characters U+0000 to U+00FF.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct RequestData {
  std::string method;
  std::string url;  // absolute: http://host/path?query
  HeaderList headers;
  std::string body;
};

struct ResponseData {
  uint16_t status = 200;    // from 200 to 599
  std::string status_text;  // bytes, often none; no CR, LF or NUL
  HeaderList headers;       // names in lower case; no value has CR, LF or NUL in it; no name is anything but a token
  std::string body;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_FETCH_MESSAGES_H_
