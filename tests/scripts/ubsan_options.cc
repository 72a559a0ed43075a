// UndefinedBehaviorSanitizer alone, which lists its options (UBSAN_OPTIONS=help=1).
int main() { return 0; }
