#include "src/runtime/text_encoding.h"

#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

class TextEncodingTest : public RealmTest {};

TEST_F(TextEncodingTest, EncodeReplacesLoneSurrogates) {
  EXPECT_EQ(Inspected("[...new TextEncoder().encode('a\\u00e9\\u20ac\\ud83d\\ude00\\ud800x')].join()"),
            "'97,195,169,226,130,172,240,159,152,128,239,191,189,120'");
  EXPECT_EQ(Inspected("new TextEncoder().encode().length + new TextEncoder().encode(undefined).length"), "0");
  EXPECT_EQ(Inspected("new TextEncoder().encode(null).length"), "4");
  EXPECT_EQ(Inspected("new TextEncoder().encoding"), "'utf-8'");
}

// Compared with the standard's own loop: https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto
TEST_F(TextEncodingTest, EncodeIntoWritesWholeCharactersOnly) {
  EXPECT_EQ(Run(R"js(
    const encoder = new TextEncoder();
    let bad = 0, cases = 0;
    for (const source of ['', 'abc', 'a\u00e9\u20ac\ud83d\ude00z', '\ud83d\ude00\ud83d\ude00', '\ud83d', '\ud800\ud800', 'x\udc00\ud83d\ude00']) {
      for (let size = 0; size < 16; ++size) {
        const buffer = new Uint8Array(size + 2).fill(7).subarray(1, size + 1);
        let read = 0, bytes = [];
        for (const character of source) {
          const part = encoder.encode(character);
          if (bytes.length + part.length > size) break;
          bytes.push(...part);
          read += character.length;
        }
        const result = encoder.encodeInto(source, buffer);
        const rest = new Uint8Array(buffer.buffer);
        const same = result.read === read && result.written === bytes.length &&
            bytes.every((byte, i) => buffer[i] === byte) && rest[0] === 7 && rest[size + 1] === 7;
        ++cases;
        if (!same) { ++bad; console.log(JSON.stringify(source), size, result, read, bytes) }
      }
    }
    console.log(cases, bad))js"),
            "112 0\n");
}

TEST_F(TextEncodingTest, DecodersReplaceOrThrow) {
  constexpr std::tuple<const char*, const char*, const char*> kCases[] = {
      // label, bytes, text; an empty text is checked for where it is malformed below
      {"utf-8", "0xE2, 0x82, 0xAC, 0x61",
       "\xE2\x82\xAC"
       "a"},
      {"utf-8", "0xEF, 0xBB, 0xBF, 0x61", "a"},
      {"utf-16le", "0x3D, 0xD8, 0x00, 0xDE", "\xF0\x9F\x98\x80"},
      {"utf-16be", "0xFE, 0xFF, 0xD8, 0x3D, 0xDE, 0x00", "\xF0\x9F\x98\x80"},
      {"latin1", "0x80, 0x81, 0x9F, 0xFF", "\xE2\x82\xAC\xC2\x81\xC5\xB8\xC3\xBF"},
  };
  for (const auto& [label, bytes, text] : kCases) {
    const std::string call = std::string("('") + label + "', { fatal: true }).decode(new Uint8Array([" + bytes + "]))";
    EXPECT_EQ(Inspected("new TextDecoder" + call), std::string("'") + text + "'") << label << " " << bytes;
  }
  constexpr std::tuple<const char*, const char*, int> kMalformed[] = {
      // label, bytes, how many U+FFFD
      {"utf-8", "0xC0, 0x80", 2},
      {"utf-8", "0xE2, 0x82", 1},
      {"utf-8", "0xED, 0xA0, 0x80", 3},
      {"utf-8", "0xF0, 0x9F, 0x98", 1},
      {"utf-8", "0xF4, 0x90, 0x80, 0x80", 4},
      {"utf-16le", "0x3D, 0xD8", 1},
      {"utf-16le", "0x61", 1},
      {"utf-16le", "0x3D, 0xD8, 0x61", 1},
      {"utf-16be", "0xDC, 0x00, 0xD8, 0x00", 2},
  };
  for (const auto& [label, bytes, count] : kMalformed) {
    const std::string call = std::string(").decode(new Uint8Array([") + bytes + "]))";
    EXPECT_EQ(Inspected(std::string("new TextDecoder('") + label + "'" + call + " === '\\ufffd'.repeat(" +
                        std::to_string(count) + ")"),
              "true")
        << label << " " << bytes;
    EXPECT_EQ(Inspected(std::string("(() => { try { new TextDecoder('") + label + "', { fatal: true }" + call +
                        "; return 'no' } catch (e) { return e.name } })()"),
              "'TypeError'")
        << label << " " << bytes;
  }
}

TEST_F(TextEncodingTest, AStreamIsTheSameHoweverItIsCut) {
  EXPECT_EQ(Run(R"js(
    const inputs = [[0xEF, 0xBB, 0xBF, 0x61, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80], [0xE2, 0x82], [0xF0, 0x9F, 0x41, 0xFF],
                    [0xFF, 0xFE, 0x3D, 0xD8, 0x00, 0xDE, 0x3D, 0xD8, 0x61], [0xD8, 0x3D, 0xDE, 0x00, 0xFE, 0xFF, 0xDC]];
    let bad = 0, cases = 0;
    for (const label of ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']) {
      for (const ignoreBOM of [false, true]) {
        const reused = new TextDecoder(label, { ignoreBOM });
        for (const input of inputs) {
          const whole = new TextDecoder(label, { ignoreBOM }).decode(new Uint8Array(input));
          for (let cut = 0; cut <= input.length; ++cut) {
            let text = reused.decode(new Uint8Array(input.slice(0, cut)), { stream: true });
            for (const byte of input.slice(cut)) text += reused.decode(new Uint8Array([byte]), { stream: true });
            text += reused.decode();
            ++cases;
            if (text !== whole) { ++bad; console.log(label, ignoreBOM, input, cut, JSON.stringify(text), JSON.stringify(whole)) }
          }
        }
      }
    }
    console.log(cases, bad))js"),
            "304 0\n");
}

TEST_F(TextEncodingTest, LabelsAreTheStandards) {
  EXPECT_EQ(Run("for (const l of [' UTF8\\n', 'unicode', 'UnicodeFFFE', 'ascii', 'ISO-8859-1', 'L1'])"
                "  console.log(new TextDecoder(l).encoding)"),
            "utf-8\nutf-16le\nutf-16be\nwindows-1252\nwindows-1252\nwindows-1252\n");
  EXPECT_EQ(Run("for (const l of ['shift_jis', '', 'utf-8\\0', 'utf\\u00a08'])"
                "  try { new TextDecoder(l); console.log('no') } catch (e) { console.log(e.name) }"),
            "RangeError\nRangeError\nRangeError\nRangeError\n");
}

TEST_F(TextEncodingTest, DecodeTakesAnyBuffer) {
  EXPECT_EQ(Run("const bytes = new Uint8Array([65, 66, 67, 68]); const d = new TextDecoder();"
                "console.log(d.decode(bytes.buffer), d.decode(bytes.subarray(1, 3)), d.decode(new "
                "DataView(bytes.buffer, 2)));"
                "const shared = new Uint8Array(new SharedArrayBuffer(1)); shared[0] = 90;"
                "console.log(d.decode(shared), d.decode(shared.buffer));"
                "try { d.decode('text') } catch (e) { console.log(e.name) }"
                "try { TextDecoder.prototype.decode.call({}) } catch (e) { console.log(e.name) }"),
            "ABCD BC CD\nZ Z\nTypeError\nTypeError\n");
}

TEST_F(TextEncodingTest, ABufferThatIsDetachedMeanwhileIsEmpty) {
  EXPECT_EQ(Run("const buffer = new Uint8Array([65]).buffer;"
                "const options = { get stream() { structuredClone(0, { transfer: [buffer] }); return false } };"
                "console.log(JSON.stringify(new TextDecoder().decode(buffer, options)))"),
            "\"\"\n");
}

// Each byte alone, after what looks like the begin of a character: a decoder that looks back sees that.
TEST_F(TextEncodingTest, AStreamOfTrailBytesIsNotReadBeforeItsChunk) {
  EXPECT_EQ(Run(R"js(
    const bytes = new Uint8Array([0x78, 0xF0, 0x9F, 0x92, 0x41]);
    for (const [begin, end] of [[2, 3], [3, 4], [2, 4]]) {
      const decoder = new TextDecoder();
      const text = decoder.decode(bytes.subarray(begin, end), { stream: true });
      console.log(text.length, [...text + decoder.decode()].every((c) => c === '\uFFFD'));
    }
    console.log(new TextDecoder().decode(new Uint8Array([0x92]), { stream: true }).length))js"),
            "1 true\n1 true\n2 true\n1\n");
}

TEST_F(TextEncodingTest, ALabelOfAnyLengthIsARangeError) {
  EXPECT_EQ(Run(R"js(
    for (const label of ['x'.repeat(2 ** 29 - 24), '\u20ac'.repeat(1e7), ' '.repeat(1e5) + 'utf-8']) {
      try { new TextDecoder(label); console.log('none'); } catch (e) { console.log(e.name, e.message.length < 12000); }
    }
    console.log(new TextDecoder(' '.repeat(1000) + 'UTF8\n').encoding))js"),
            "RangeError true\nRangeError true\nRangeError true\nutf-8\n");
}

}  // namespace
}  // namespace sluice::runtime
