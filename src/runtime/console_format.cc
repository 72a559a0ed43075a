#include "src/runtime/console_format.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "src/runtime/inspect.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

std::string NumberText(v8::Local<v8::Context> context, double number) {
  return Inspect(context, v8::Number::New(context->GetIsolate(), number));
}

// %d, %i and %f. Objects are not converted: that would run their code.
std::string Numeric(v8::Local<v8::Context> context, v8::Local<v8::Value> value, char specifier) {
  v8::Isolate* const isolate = context->GetIsolate();
  if (value->IsBigInt() && specifier != 'f') return Inspect(context, value);
  double number = std::nan("");
  if (specifier == 'd') {
    if (!value->IsObject() && !value->IsSymbol() && !value->IsBigInt()) (void)value->NumberValue(context).To(&number);
  } else if (value->IsNumber()) {
    number = value.As<v8::Number>()->Value();
  } else if (value->IsString()) {
    const std::string text = Utf8(isolate, value.As<v8::String>());
    char* end = nullptr;
    number = std::strtod(text.c_str(), &end);
    if (end == text.c_str()) number = std::nan("");
  }
  return NumberText(context, specifier == 'i' ? std::trunc(number) + 0.0 : number);
}

// What `%specifier` makes of `value`; nothing if there is no such specifier.
std::optional<std::string> Substitute(v8::Local<v8::Context> context, char specifier, v8::Local<v8::Value> value) {
  switch (specifier) {
    case 's':
      return Inspect(context, value, {.depth = 1, .raw_string = true});
    case 'd':
    case 'i':
    case 'f':
      return Numeric(context, value, specifier);
    case 'o':
      return Inspect(context, value, {.hidden = true});
    case 'O':
      return Inspect(context, value);
    case 'c':
      return "";  // styles
    default:
      return std::nullopt;
  }
}

// ---- Tables

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // the first cell is the index

  size_t Column(const std::string& name) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
    columns.push_back(name);
    return columns.size() - 1;
  }
};

size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Names and values of the own enumerable properties of `object` that are data: getters are not run.
std::vector<std::pair<std::string, v8::Local<v8::Value>>> DataOf(v8::Local<v8::Context> context,
                                                                 v8::Local<v8::Object> object) {
  v8::Isolate* const isolate = context->GetIsolate();
  std::vector<std::pair<std::string, v8::Local<v8::Value>>> data;
  v8::Local<v8::Array> names;
  if (object->IsProxy() || !object->GetOwnPropertyNames(context).ToLocal(&names)) return data;
  const v8::Local<v8::String> field = binding::Ascii(isolate, "value");
  for (uint32_t i = 0; i < names->Length(); ++i) {
    v8::Local<v8::Value> key;
    v8::Local<v8::String> name;
    v8::Local<v8::Value> descriptor;
    v8::Local<v8::Value> value;
    if (!names->Get(context, i).ToLocal(&key) || !key->ToString(context).ToLocal(&name)) break;
    if (!object->GetOwnPropertyDescriptor(context, name).ToLocal(&descriptor) || !descriptor->IsObject()) continue;
    if (!descriptor.As<v8::Object>()->HasOwnProperty(context, field).FromMaybe(false)) continue;
    if (descriptor.As<v8::Object>()->Get(context, field).ToLocal(&value)) data.emplace_back(Utf8(isolate, name), value);
  }
  return data;
}

void AppendRule(std::string& out, const std::vector<size_t>& widths, const char* left, const char* middle,
                const char* right) {
  for (size_t i = 0; i < widths.size(); ++i) {
    out += i == 0 ? left : middle;
    for (size_t j = 0; j < widths[i] + 2; ++j) out += "─";
  }
  out.append(right).append("\n");
}

void AppendRow(std::string& out, const std::vector<size_t>& widths, const std::vector<std::string>& cells) {
  for (size_t i = 0; i < widths.size(); ++i) {
    const std::string cell = i < cells.size() ? cells[i] : "";
    out.append("│ ").append(cell).append(widths[i] - Width(cell) + 1, ' ');
  }
  out += "│\n";
}

}  // namespace

std::string FormatArguments(const v8::FunctionCallbackInfo<v8::Value>& info, int first) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  std::string line;
  int next = first;
  if (next < info.Length() && info[next]->IsString()) {
    const std::string format = Utf8(info.GetIsolate(), info[next++].As<v8::String>());
    for (size_t i = 0; i < format.size(); ++i) {
      // With nothing to put in, the text is printed as it is.
      if (format[i] == '%' && i + 1 < format.size() && info.Length() > first + 1) {
        if (format[i + 1] == '%') {
          line += format[++i];
          continue;
        }
        if (next < info.Length()) {
          if (const std::optional<std::string> text = Substitute(context, format[i + 1], info[next])) {
            line += *text;
            ++next;
            ++i;
            continue;
          }
        }
      }
      line += format[i];
    }
    if (next < info.Length()) line += ' ';
  }
  for (int i = next; i < info.Length(); ++i) {
    if (i != next) line += ' ';
    line += Inspect(context, info[i], {.raw_string = true});
  }
  return line;
}

std::string FormatTable(v8::Local<v8::Context> context, v8::Local<v8::Value> data) {
  if (!data->IsObject() || data->IsProxy()) return Inspect(context, data, {.raw_string = true}) + "\n";
  const InspectOptions brief{.depth = 0};
  Table table{.columns = {"(index)"}, .rows = {}};
  std::vector<std::pair<size_t, std::string>> values;  // of rows that are no objects: they have a column of their own
  for (const auto& [index, row] : DataOf(context, data.As<v8::Object>())) {
    std::vector<std::string> cells{index};
    if (row->IsObject() && !row->IsFunction()) {
      for (const auto& [name, value] : DataOf(context, row.As<v8::Object>())) {
        const size_t column = table.Column(name);
        cells.resize(std::max(cells.size(), column + 1));
        cells[column] = Inspect(context, value, brief);
      }
    } else {
      values.emplace_back(table.rows.size(), Inspect(context, row, brief));
    }
    table.rows.push_back(std::move(cells));
  }
  if (!values.empty()) {
    table.columns.emplace_back("Values");
    for (auto& [row, text] : values) {
      table.rows[row].resize(table.columns.size());
      table.rows[row].back() = std::move(text);
    }
  }
  std::vector<size_t> widths;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    size_t width = Width(table.columns[i]);
    for (const std::vector<std::string>& row : table.rows) {
      if (i < row.size()) width = std::max(width, Width(row[i]));
    }
    widths.push_back(width);
  }
  std::string out;
  AppendRule(out, widths, "┌", "┬", "┐");
  AppendRow(out, widths, table.columns);
  AppendRule(out, widths, "├", "┼", "┤");
  for (const std::vector<std::string>& row : table.rows) AppendRow(out, widths, row);
  AppendRule(out, widths, "└", "┴", "┘");
  return out;
}

}  // namespace sluice::runtime
