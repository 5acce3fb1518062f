SELECT 'failed';
