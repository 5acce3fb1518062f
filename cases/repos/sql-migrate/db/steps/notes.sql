SELECT 'no annotation';
