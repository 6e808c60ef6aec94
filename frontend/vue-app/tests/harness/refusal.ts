import { expect } from "vitest";

import { ApiError } from "../../src/common/api";

/** The error of the server that a call throws. */
export async function refusal(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(() => undefined, (why: unknown) => why);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}
