# Compiler flags of each sanitizer, with the reason for each that is not obvious.
function(sluice_sanitizer_flags sanitizers result)
  set(flags -fno-omit-frame-pointer -gline-tables-only)
  if(sanitizers MATCHES "address")
    list(APPEND flags -fsanitize=address -fsanitize-address-use-after-scope)
  endif()
  if(sanitizers MATCHES "thread")
    list(APPEND flags -fsanitize=thread)
  endif()
  if(sanitizers MATCHES "undefined")
    # A report ends the process: a run that printed one and went on would be green.
    list(APPEND flags -fsanitize=undefined -fno-sanitize-recover=all)
    # Not implicit-conversion and unsigned-integer-overflow: both are defined, the standard library's headers do both, and our own
    # byte accounting is watched by invariants instead.
  endif()
  set(${result} ${flags} PARENT_SCOPE)
endfunction()
