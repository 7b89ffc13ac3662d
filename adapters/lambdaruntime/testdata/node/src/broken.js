exports.handler = async ( => 'broken';
