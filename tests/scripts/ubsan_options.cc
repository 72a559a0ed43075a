// UndefinedBehaviorSanitizer alone, which lists its options when asked for help (sanitizers_test.py).
int main() { return 0; }
