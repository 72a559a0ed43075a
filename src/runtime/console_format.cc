#include "src/runtime/console_format.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <unordered_map>
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

// A string that is no number within its first bytes is none.
constexpr size_t kLongestNumber = 2000;

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
    size_t rest = 0;
    const std::string text = Utf8Prefix(isolate, value.As<v8::String>(), kLongestNumber, rest);
    char* end = nullptr;
    number = std::strtod(text.c_str(), &end);
    if (end == text.c_str()) number = std::nan("");
  }
  return NumberText(context, specifier == 'i' ? std::trunc(number) + 0.0 : number);
}

// What `%specifier` makes of `value`; nothing if there is no such specifier.
std::optional<std::string> Substitute(v8::Local<v8::Context> context, char specifier, v8::Local<v8::Value> value,
                                      PrintBudget& budget) {
  switch (specifier) {
    case 's':
      return Inspect(context, value, {.depth = 1, .raw_string = true, .budget = &budget});
    case 'd':
    case 'i':
    case 'f':
      return Numeric(context, value, specifier);
    case 'o':
      return Inspect(context, value, {.hidden = true, .budget = &budget});
    case 'O':
      return Inspect(context, value, {.budget = &budget});
    case 'c':
      return "";  // styles
    default:
      return std::nullopt;
  }
}

// ---- Tables

// A table has a cell for each row and column, whatever it was made of: both are limited.
constexpr size_t kMostRows = 1000;
constexpr size_t kMostColumns = 100;
constexpr size_t kLongestCell = 1000;  // bytes

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // the first cell is the index
  std::unordered_map<std::string, size_t> column_of;
  size_t more_rows = 0;
  bool more_columns = false;

  // Nothing if there is no room for it.
  std::optional<size_t> Column(const std::string& name) {
    if (const auto found = column_of.find(name); found != column_of.end()) return found->second;
    if (columns.size() == kMostColumns) {
      more_columns = true;
      return std::nullopt;
    }
    columns.push_back(name);
    return column_of[name] = columns.size() - 1;
  }
};

size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// On one line, whatever it is.
std::string Cell(v8::Local<v8::Context> context, v8::Local<v8::Value> value, PrintBudget& budget) {
  std::string text = Inspect(context, value, {.depth = 0, .max_string = kLongestCell, .budget = &budget});
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= kLongestCell) return text;
  size_t end = kLongestCell;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

struct Data {
  std::vector<std::pair<std::string, v8::Local<v8::Value>>> items;
  size_t more = 0;
};

// Names and values of the first `most` own enumerable properties of `object` that are data: getters are not run.
Data DataOf(v8::Local<v8::Context> context, v8::Local<v8::Object> object, size_t most) {
  v8::Isolate* const isolate = context->GetIsolate();
  Data data;
  if (object->IsProxy()) return data;
  v8::Local<v8::Array> names;
  size_t count = 0;
  // V8 ends the process where a list of all indices would be too long.
  const size_t length = object->IsTypedArray() ? object.As<v8::TypedArray>()->Length()
                        : object->IsArray()    ? object.As<v8::Array>()->Length()
                                               : 0;
  if (length > most) {
    count = length;
  } else {
    if (!object->GetOwnPropertyNames(context).ToLocal(&names)) return data;
    count = names->Length();
  }
  const v8::Local<v8::String> field = binding::Ascii(isolate, "value");
  for (size_t i = 0; i < std::min(count, most); ++i) {
    v8::Local<v8::Value> key = v8::Number::New(isolate, static_cast<double>(i));
    v8::Local<v8::String> name;
    v8::Local<v8::Value> descriptor;
    v8::Local<v8::Value> value;
    if (!names.IsEmpty() && !names->Get(context, static_cast<uint32_t>(i)).ToLocal(&key)) break;
    if (!key->ToString(context).ToLocal(&name)) break;
    if (!object->GetOwnPropertyDescriptor(context, name).ToLocal(&descriptor) || !descriptor->IsObject()) continue;
    if (!descriptor.As<v8::Object>()->HasOwnProperty(context, field).FromMaybe(false)) continue;
    if (!descriptor.As<v8::Object>()->Get(context, field).ToLocal(&value)) continue;
    size_t rest = 0;
    data.items.emplace_back(Utf8Prefix(isolate, name, kLongestCell, rest), value);
  }
  data.more = count - std::min(count, most);
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

std::string Drawn(Table& table) {
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
  for (size_t i = 0; i < table.rows.size(); ++i) {
    // Each row is as wide as the widest.
    if (out.size() > PrintBudget::kCharacters) {
      table.more_rows += table.rows.size() - i;
      break;
    }
    AppendRow(out, widths, table.rows[i]);
  }
  AppendRule(out, widths, "└", "┴", "┘");
  if (table.more_rows != 0) out += "... " + std::to_string(table.more_rows) + " more rows\n";
  if (table.more_columns) out += "... more columns than " + std::to_string(kMostColumns) + "\n";
  out.pop_back();
  return out;
}

}  // namespace

std::string FormatArguments(const v8::FunctionCallbackInfo<v8::Value>& info, int first) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  PrintBudget budget;
  std::string line;
  int next = first;
  if (next < info.Length() && info[next]->IsString()) {
    const std::string format = Inspect(context, info[next++], {.raw_string = true, .budget = &budget});
    for (size_t i = 0; i < format.size(); ++i) {
      // With nothing to put in, the text is printed as it is.
      if (format[i] == '%' && i + 1 < format.size() && info.Length() > first + 1) {
        if (format[i + 1] == '%') {
          line += format[++i];
          continue;
        }
        if (next < info.Length()) {
          if (const std::optional<std::string> text = Substitute(context, format[i + 1], info[next], budget)) {
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
    if (budget.spent()) {
      budget.cut = true;
      break;
    }
    line += Inspect(context, info[i], {.raw_string = true, .budget = &budget});
  }
  return line + budget.Note();
}

std::string FormatTable(v8::Local<v8::Context> context, v8::Local<v8::Value> data) {
  if (!data->IsObject() || data->IsProxy()) return Inspect(context, data, {.raw_string = true});
  PrintBudget budget;
  Table table{.columns = {"(index)"}, .rows = {}, .column_of = {}};
  std::vector<std::pair<size_t, std::string>> values;  // of rows that are no objects: they have a column of their own
  const Data rows = DataOf(context, data.As<v8::Object>(), kMostRows);
  for (const auto& [index, row] : rows.items) {
    if (budget.spent()) break;
    std::vector<std::string> cells{index};
    if (row->IsObject() && !row->IsFunction()) {
      const Data row_data = DataOf(context, row.As<v8::Object>(), kMostColumns);
      table.more_columns = table.more_columns || row_data.more != 0;
      for (const auto& [name, value] : row_data.items) {
        const std::optional<size_t> column = table.Column(name);
        if (!column) continue;
        cells.resize(std::max(cells.size(), *column + 1));
        cells[*column] = Cell(context, value, budget);
        budget.entries -= std::min<size_t>(budget.entries, 1);
      }
    } else {
      values.emplace_back(table.rows.size(), Cell(context, row, budget));
    }
    table.rows.push_back(std::move(cells));
  }
  table.more_rows = rows.more + rows.items.size() - table.rows.size();
  if (!values.empty()) {
    table.columns.emplace_back("Values");
    for (auto& [row, text] : values) {
      table.rows[row].resize(table.columns.size());
      table.rows[row].back() = std::move(text);
    }
  }
  return Drawn(table);
}

}  // namespace sluice::runtime
