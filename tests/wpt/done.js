// After the test file: no more tests will be defined.
done();
