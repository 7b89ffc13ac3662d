throw new Error('TABLE_NAME is missing');
