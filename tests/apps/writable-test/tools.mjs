export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const words = (reason) => String(reason);

// What became of a promise, as JSON can tell it.
export const outcome = (promise) =>
  promise.then(
    () => ({ state: 'fulfilled' }),
    (reason) => ({ state: 'rejected', reason: words(reason) }),
  );

export const isDeeplyEqual = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// A parameter that is a whole number between two others; anything else is the default.
export function number(parameters, name, byDefault, least, most) {
  const text = parameters.get(name);
  const value = Number(text);
  return text !== null && text !== '' && Number.isInteger(value) && value >= least && value <= most ? value : byDefault;
}
