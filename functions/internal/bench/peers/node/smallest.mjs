// The smallest handler there is.
export const handler = async () => ({ statusCode: 200 });
