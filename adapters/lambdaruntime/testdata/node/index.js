exports.handler = async (event, context) => {
  switch (event.do) {
    case 'fail': throw new TypeError('no such thing');
    case 'text': throw 'only text';
    case 'context': return {
      left: context.getRemainingTimeInMillis(), id: context.awsRequestId, name: context.functionName, arn: context.invokedFunctionArn,
      memory: context.memoryLimitInMB, group: context.logGroupName, trace: process.env._X_AMZN_TRACE_ID, version: context.functionVersion,
    };
    case 'env': return process.env;
    case 'log': console.log('seen %s', 'twice'); console.error('bad'); return null;
    case 'never': return new Promise(() => {});
    case 'cycle': { const a = {}; a.a = a; return a; }
    case 'uncaught': setTimeout(() => { throw new RangeError('out of it'); }, 1); return new Promise((r) => setTimeout(r, 10000));
    case 'rejection': Promise.reject(new Error('nobody waits')); return new Promise((r) => setTimeout(r, 10000));
    case 'exit': process.exit(7);
    case 'undefined': return undefined;
    case 'unicode': return 'grüße 🎉';
    case 'big': return 'x'.repeat(event.bytes);
    case 'sleep': return new Promise((r) => setTimeout(r, 60000));
  }
  return event;
};
exports.callback = (event, context, callback) => {
  if (event.do === 'now') { context.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); }
  if (event.do === 'fail') return callback(new Error('called back'));
  if (event.do === 'nothing') return;
  let answer = { first: true };
  callback(null, answer);
  if (event.do !== 'now') setTimeout(() => { answer.later = true; }, 5);
};
exports.nested = { handler: async () => 'nested' };
exports.number = 5;
exports.stream = () => awslambda.streamifyResponse(() => {});
