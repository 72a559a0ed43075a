# Compiler flags of each sanitizer, with the reason for each that is not obvious.
function(sluice_sanitizer_flags sanitizers result)
  set(flags -fno-omit-frame-pointer -gline-tables-only)
  if(sanitizers MATCHES "address")
    list(APPEND flags -fsanitize=address -fsanitize-address-use-after-scope)
  endif()
  if(sanitizers MATCHES "undefined")
    # A report ends the process: a run that printed one and went on would be green.
    list(APPEND flags -fsanitize=undefined,float-divide-by-zero,implicit-conversion -fno-sanitize-recover=all)
    # The fuzz engines' hash functions (SplitMix64, FNV-1a) wrap on purpose; unsigned wrap is defined and not checked.
  endif()
  set(${result} ${flags} PARENT_SCOPE)
endfunction()
